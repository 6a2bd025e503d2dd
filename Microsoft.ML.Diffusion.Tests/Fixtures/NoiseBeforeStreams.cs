using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The noise of formats 1 and 2, which libtorch's generators drew, one for each sample: what models of that time are judged by.</summary>
internal sealed class NoiseBeforeStreams(long seed, IEnumerable<long> samples) : NoiseSource, IDisposable
{
    private readonly Generator[] _generators =
        [.. samples.Select(sample => new Generator(Mix(Mix((ulong)seed) + unchecked((ulong)sample * 0x9E3779B97F4A7C15))))];

    public override Batch Next(int count, int length)
    {
        var noise = new Batch(count, length);
        for (var i = 0; i < _generators.Length; i++)
        {
            using var sample = empty(length, ScalarType.Float32).normal_(generator: _generators[i]);
            Batch.Of(sample.data<float>().ToArray(), 1).Values.CopyTo(noise[i]);
        }

        return noise;
    }

    public void Dispose() => Array.ForEach(_generators, generator => generator.Dispose());

    private static ulong Mix(ulong state)
    {
        unchecked
        {
            var z = state + 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
