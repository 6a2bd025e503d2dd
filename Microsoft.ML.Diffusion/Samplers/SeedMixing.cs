namespace Microsoft.ML.Diffusion;

/// <summary>Turns (seed, index) into the seed of an independent stream, by SplitMix64's output function.</summary>
/// <remarks>Never seed + index: then sample 1 of seed 7 would be sample 0 of seed 8.</remarks>
internal static class SeedMixing
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    public static ulong Mix(long seed, long index) => Mix(Mix(unchecked((ulong)seed)) + (unchecked((ulong)index) * GoldenGamma));

    private static ulong Mix(ulong state)
    {
        unchecked
        {
            var z = state + GoldenGamma;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
