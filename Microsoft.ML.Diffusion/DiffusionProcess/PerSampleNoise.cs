using System.Numerics.Tensors;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>
/// Noise that belongs to the sample, not to the batch: it is the same whatever the batch around it, and on every device.
/// </summary>
/// <param name="stream">What the noise is for.</param>
/// <param name="samples">The seed of each sample of the batch and its number within it; equal ones draw equal noise.</param>
/// <param name="firstDraw">The draw of the first <see cref="Next(int, int)"/>; each one after it takes the next.</param>
internal sealed class PerSampleNoise(RandomStream stream, IEnumerable<(long Seed, long Number)> samples, long firstDraw = 0) : NoiseSource
{
    private readonly (RandomNumbers Numbers, long Number)[] _samples =
        [.. samples.Select(sample => (new RandomNumbers(stream, sample.Seed), sample.Number))];

    private long _draw = firstDraw;

    /// <param name="seed">The seed of all samples.</param>
    /// <param name="samples">The number of each sample of the batch within it.</param>
    /// <param name="stream">What the noise is for.</param>
    /// <param name="firstDraw">As for the other constructor.</param>
    public PerSampleNoise(long seed, IEnumerable<long> samples, RandomStream stream = RandomStream.StepOfSample, long firstDraw = 0)
        : this(stream, samples.Select(number => (seed, number)), firstDraw)
    {
    }

    public override Batch Next(int count, int length)
    {
        if (count != _samples.Length)
        {
            throw new ArgumentException($"The batch has {count} samples, but the noise source {_samples.Length}.", nameof(count));
        }

        var draw = _draw++;
        return Batch.Create(count, length, (image, noise) =>
        {
            var numbers = new float[noise.Length];
            _samples[image].Numbers.Normals(_samples[image].Number, draw, numbers);
            TensorPrimitives.ConvertTruncating<float, double>(numbers, noise);
        });
    }
}

/// <summary>Noise that begins with the start of each sample and goes on with another stream: for runs that draw their start themselves.</summary>
/// <param name="start">Where the first noise comes from.</param>
/// <param name="others">Where all other comes from.</param>
internal sealed class NoiseFromStart(NoiseSource start, NoiseSource others) : NoiseSource
{
    private bool _hasStarted;

    public override Batch Next(int count, int length)
    {
        var source = _hasStarted ? others : start;
        _hasStarted = true;
        return source.Next(count, length);
    }
}
