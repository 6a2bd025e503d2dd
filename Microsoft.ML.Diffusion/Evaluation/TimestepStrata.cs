namespace Microsoft.ML.Diffusion;

/// <summary>Neighbouring timesteps of which some stand for all.</summary>
/// <param name="First">The lowest timestep.</param>
/// <param name="Size">How many there are.</param>
/// <param name="Draws">How many of them are drawn.</param>
internal readonly record struct TimestepStratum(int First, int Size, int Draws)
{
    /// <summary>How many timesteps each one drawn stands for.</summary>
    public double Weight => (double)Size / Draws;

    /// <summary>The variance of Size times the mean of the values drawn without replacement; 0 where all are.</summary>
    public double VarianceOfSum(ReadOnlySpan<double> drawn)
    {
        if (Draws == Size)
        {
            return 0;
        }

        double sum = 0, squares = 0;
        foreach (var value in drawn)
        {
            sum += value;
        }

        foreach (var value in drawn)
        {
            squares += Math.Pow(value - (sum / Draws), 2);
        }

        return Size * (Size - Draws) * squares / (Draws - 1) / Draws;
    }
}

/// <summary>
/// The strata of 1..T-1 from which the timesteps of an estimated bound are drawn. Their edges rise geometrically, because the terms of the bound fall about
/// as 1 / t: even steps in log t give each stratum about the same share of the sum.
/// </summary>
internal static class TimestepStrata
{
    /// <summary>Cuts 1..T-1 into strata of two draws each, the least number that tells a variance; an odd number begins with timestep 1, drawn for certain.</summary>
    /// <param name="draws">How many are drawn, 0..T-1; one alone is drawn from all, and tells no variance.</param>
    /// <param name="trainingTimesteps">T.</param>
    /// <returns>Strata that follow each other.</returns>
    public static IReadOnlyList<TimestepStratum> Of(int draws, int trainingTimesteps)
    {
        var strata = new List<TimestepStratum>();
        for (int first = 1, left = draws; left > 0;)
        {
            var ofThis = left % 2 == 0 ? 2 : 1;
            var end = left <= ofThis ? trainingTimesteps : ofThis == 1 ? first + 1 : End(first, left, trainingTimesteps);
            strata.Add(new TimestepStratum(first, end - first, ofThis));
            (first, left) = (end, left - ofThis);
        }

        return strata;
    }

    /// <summary>Draws from each stratum without replacement; rising.</summary>
    /// <param name="strata">What <see cref="Of"/> gave.</param>
    /// <param name="uniform">Gives independent numbers in [0, 1).</param>
    public static int[] Draw(IReadOnlyList<TimestepStratum> strata, Func<double> uniform)
    {
        var drawn = new List<int>();
        foreach (var (first, size, draws) in strata)
        {
            var one = (int)(uniform() * size);
            var other = draws == 1 ? one : (one + 1 + (int)(uniform() * (size - 1))) % size; // one of the rest
            drawn.AddRange(draws == 1 ? [first + one] : [first + Math.Min(one, other), first + Math.Max(one, other)]);
        }

        return [.. drawn];
    }

    // Where the first of left / 2 strata ends: at least two timesteps on, and so that two remain for each of the others.
    private static int End(int first, int left, int trainingTimesteps)
    {
        var even = (int)Math.Round(first * Math.Pow((double)trainingTimesteps / first, 2.0 / left));
        return Math.Clamp(even, first + 2, trainingTimesteps - (left - 2));
    }
}
