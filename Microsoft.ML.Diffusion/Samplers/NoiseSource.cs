using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Where a sampler's noise comes from.</summary>
internal abstract class NoiseSource
{
    /// <summary>Gives fresh standard normal noise of the shape, type and device of <paramref name="like"/>.</summary>
    public abstract Tensor Next(Tensor like);
}

/// <summary>
/// Noise that belongs to the sample, not to the batch: each sample draws from its own generator, so that its noise is the same
/// whatever the batch around it. The generators are the CPU's, so it is also the same on every device.
/// </summary>
internal sealed class PerSampleNoise : NoiseSource, IDisposable
{
    private readonly Generator[] _generators;

    /// <param name="seed">The run's seed.</param>
    /// <param name="samples">The index of each sample of the batch within the run; equal indices draw equal noise.</param>
    public PerSampleNoise(long seed, IEnumerable<long> samples)
    {
        _generators = [.. samples.Select(sample => new Generator(SeedMixing.Mix(seed, sample)))];
    }

    public override Tensor Next(Tensor like)
    {
        var shape = like.shape;
        if (shape[0] != _generators.Length)
        {
            throw new ArgumentException($"The batch has {shape[0]} samples, but the noise source {_generators.Length} generators.", nameof(like));
        }

        using var noise = empty(shape, ScalarType.Float32);
        for (var i = 0; i < _generators.Length; i++)
        {
            using var sample = noise[i];
            sample.normal_(generator: _generators[i]);
        }

        return noise.to(like.dtype, like.device, copy: true);
    }

    public void Dispose()
    {
        foreach (var generator in _generators)
        {
            generator.Dispose();
        }
    }
}
