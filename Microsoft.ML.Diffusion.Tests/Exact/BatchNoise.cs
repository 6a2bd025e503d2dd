using Microsoft.ML.Diffusion.DiffusionProcess;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Noise for a whole batch from one generator: for as many samples as the streams of the library, one for each sample, would be slow for.</summary>
internal sealed class BatchNoise(ulong seed) : NoiseSource, IDisposable
{
    private readonly Generator _generator = new(seed);

    public override Tensor Next(Tensor like) => empty(like.shape, like.dtype).normal_(generator: _generator);

    public void Dispose() => _generator.Dispose();
}
