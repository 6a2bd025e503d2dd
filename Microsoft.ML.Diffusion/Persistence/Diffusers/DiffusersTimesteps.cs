namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>The steps that diffusers' DDPM and DDIM schedulers take, with their strides and ends.</summary>
internal static class DiffusersTimesteps
{
    /// <summary>A rule for choosing timesteps.</summary>
    /// <param name="Spacing">leading, trailing or linspace.</param>
    /// <param name="Offset">What leading adds to every timestep.</param>
    /// <param name="IsImplicit">Whether each step leads to t - T // S, as DDIM's do, instead of to the next step's timestep.</param>
    /// <param name="EndsClean">Whether the last step ends at alpha-bar 1 instead of the first timestep's.</param>
    internal readonly record struct Rule(string Spacing, int Offset, bool IsImplicit, bool EndsClean);

    /// <summary>Lists the steps of a run, falling.</summary>
    /// <returns>The steps, or null where the rule leaves the timesteps of training.</returns>
    public static TimestepPair[]? Pairs(Rule rule, int steps, int trainingTimesteps)
    {
        var stride = trainingTimesteps / steps;
        int[] timesteps = rule.Spacing switch
        {
            "leading" => [.. Enumerable.Range(0, steps).Select(i => ((steps - 1 - i) * stride) + rule.Offset)],
            "linspace" =>
                [.. Enumerable.Range(0, steps).Select(
                    i => (int)Math.Round((steps - 1 - i) * ((trainingTimesteps - 1.0) / Math.Max(1, steps - 1)), MidpointRounding.ToEven))],
            _ => Trailing(steps, trainingTimesteps),
        };

        var end = rule.EndsClean ? -1 : 0;
        var pairs = timesteps.Select(
            (timestep, i) => (timestep, rule.IsImplicit ? timestep - stride : i + 1 < timesteps.Length ? timesteps[i + 1] : -1))
            .Select(pair => new TimestepPair(pair.timestep, pair.Item2 >= 0 ? pair.Item2 : end))
            .ToArray();
        return pairs.All(pair => pair.Timestep >= 0 && pair.Timestep < trainingTimesteps && pair.PreviousTimestep <= pair.Timestep)
            ? pairs
            : null;
    }

    /// <summary>The same steps by the name of a choice, where one gives them, or as a list.</summary>
    /// <param name="pairs">The steps.</param>
    /// <param name="trainingTimesteps">T.</param>
    /// <param name="drawsAtTheEnd">Whether noise drawn in a last step above timestep 0, as only a list has it, would be seen.</param>
    public static TimestepSubset Subset(TimestepPair[] pairs, int trainingTimesteps, bool drawsAtTheEnd)
    {
        TimestepSubset[] named =
            [TimestepSubset.Trailing(pairs.Length), TimestepSubset.Uniform(pairs.Length), TimestepSubset.Linspace(pairs.Length)];
        return drawsAtTheEnd && pairs[^1].Timestep > 0
            ? TimestepSubset.OfPairs(pairs)
            : named.FirstOrDefault(subset => subset.Pairs(trainingTimesteps).SequenceEqual(pairs)) ?? TimestepSubset.OfPairs(pairs);
    }

    // Falling by a fractional stride from T while above 0, as NumPy's arange counts: rounding can give one value more than asked.
    private static int[] Trailing(int steps, int trainingTimesteps)
    {
        var stride = (double)trainingTimesteps / steps;
        var count = (int)Math.Ceiling(-trainingTimesteps / -stride);
        return [.. Enumerable.Range(0, count).Select(i => (int)Math.Round(trainingTimesteps + (i * -stride), MidpointRounding.ToEven) - 1)];
    }
}
