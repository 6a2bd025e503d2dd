using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <content>The same as a tensor, for validation.</content>
internal sealed partial class PerSampleNoise
{
    /// <summary>Gives fresh noise of the shape, type and device of <paramref name="like"/>.</summary>
    public Tensor Next(Tensor like) => RandomTensors.Normals(_numbers, _samples, _draw++, like.shape, like.dtype, like.device);
}
