using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>Where a sampler's noise comes from.</summary>
internal abstract class NoiseSource
{
    /// <summary>Gives fresh standard normal noise of the shape, type and device of <paramref name="like"/>.</summary>
    public abstract Tensor Next(Tensor like);
}
