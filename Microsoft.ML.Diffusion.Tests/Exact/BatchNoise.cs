using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Noise for a whole batch as that of one sample: for as many samples as the streams of the library, one for each, would be slow for.</summary>
internal sealed class BatchNoise(long seed) : NoiseSource
{
    private readonly RandomNumbers _numbers = new(RandomStream.StepOfSample, seed);
    private long _draw;

    public override Batch Next(int count, int length)
    {
        var noise = new float[count * length];
        _numbers.Normals(0, _draw++, noise);
        return Batch.Of(noise, count);
    }
}
