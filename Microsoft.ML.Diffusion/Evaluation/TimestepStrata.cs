namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Neighbouring timesteps of which one is drawn for all.</summary>
/// <param name="First">The lowest timestep.</param>
/// <param name="Size">How many there are; at 1 the draw is certain.</param>
internal readonly record struct TimestepStratum(int First, int Size)
{
    /// <summary>Gets the sum of 1 / t, to which the sum of the bound's terms is about proportional.</summary>
    public double Share => Enumerable.Range(First, Size).Sum(t => 1.0 / t);
}

/// <summary>
/// The strata of 1..T-1 from which the timesteps of an estimated bound are drawn. Their edges rise geometrically, because the terms of the bound fall about
/// as 1 / t: even steps in log t give each stratum about the same share of the sum.
/// </summary>
internal static class TimestepStrata
{
    /// <summary>Cuts 1..T-1 into strata.</summary>
    /// <param name="count">How many, 0..T-1.</param>
    /// <param name="trainingTimesteps">T.</param>
    /// <returns>Strata that follow each other.</returns>
    public static TimestepStratum[] Of(int count, int trainingTimesteps)
    {
        var strata = new TimestepStratum[count];
        var first = 1;
        for (var i = 0; i < count; i++)
        {
            var left = count - i;
            var even = (int)Math.Round(first * Math.Pow((double)trainingTimesteps / first, 1.0 / left));
            var end = Math.Clamp(even, first + 1, trainingTimesteps - (left - 1)); // one timestep at least for this and each of the others
            strata[i] = new TimestepStratum(first, end - first);
            first = end;
        }

        return strata;
    }

    /// <summary>Draws a timestep from each stratum; rising.</summary>
    /// <param name="strata">What <see cref="Of"/> gave.</param>
    /// <param name="uniform">Gives independent numbers in [0, 1).</param>
    public static int[] Draw(TimestepStratum[] strata, Func<double> uniform) =>
        Array.ConvertAll(strata, stratum => stratum.First + (int)(uniform() * stratum.Size));

    /// <summary>The standard error of the sum over 1..T-1, estimated by the sum of size times term.</summary>
    /// <remarks>
    /// One draw tells no variance, so that of two neighbours, or three at an odd end, comes from the difference of their parts of the sum, each relative to
    /// its <see cref="TimestepStratum.Share"/>. It is too large by as much as their true parts differ.
    /// </remarks>
    /// <param name="strata">What <see cref="Of"/> gave.</param>
    /// <param name="terms">The term drawn from each.</param>
    /// <returns>0 where every draw is certain; NaN for a single draw of several timesteps.</returns>
    public static double ErrorOfSum(TimestepStratum[] strata, double[] terms)
    {
        (double Share, double Part)[] parts = [.. strata.Zip(terms, (stratum, term) => (stratum.Share, stratum.Size * term))];
        int[] drawn = [.. Enumerable.Range(0, strata.Length).Where(i => strata[i].Size > 1)];
        var uncertain = drawn is [var only] ? parts[Math.Max(0, only - 1)..(only + 1)] : [.. drawn.Select(i => parts[i])];

        var variance = 0.0;
        for (int first = 0, size; first < uncertain.Length; first += size)
        {
            size = uncertain.Length - first == 3 ? 3 : Math.Min(2, uncertain.Length - first);
            var group = uncertain[first..(first + size)];
            var mean = group.Sum(pair => pair.Part) / group.Sum(pair => pair.Share);
            variance += group.Sum(pair => Math.Pow(pair.Part - (pair.Share * mean), 2)) * size / (size - 1);
        }

        return Math.Sqrt(variance);
    }
}
