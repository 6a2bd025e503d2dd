using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>Where a sampler's noise comes from.</summary>
internal abstract class NoiseSource
{
    /// <summary>Gives fresh standard normal noise.</summary>
    /// <param name="count">N, the number of images.</param>
    /// <param name="length">The numbers of an image.</param>
    public abstract Batch Next(int count, int length);

    /// <summary>Gives fresh standard normal noise of the shape of <paramref name="like"/>.</summary>
    public Batch Next(Batch like) => Next(like.Count, like.Length);
}
