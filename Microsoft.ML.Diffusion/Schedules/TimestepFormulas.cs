namespace Microsoft.ML.Diffusion.Schedules;

/// <summary>The formulas of <see cref="TimestepSubset"/> by their names.</summary>
internal static class TimestepFormulas
{
    /// <summary>Lists <paramref name="steps"/> distinct timesteps, at least 2, rising.</summary>
    /// <param name="spacing">uniform, quadratic, linspace or trailing.</param>
    /// <param name="steps">S, 2..T.</param>
    /// <param name="trainingTimesteps">T.</param>
    public static int[] Spaced(string spacing, int steps, int trainingTimesteps)
    {
        var timesteps = new int[steps];
        for (long i = 0; i < steps; i++)
        {
            timesteps[i] = spacing switch
            {
                "uniform" => (int)(i * trainingTimesteps / steps),
                "trailing" => (int)Math.Round((i + 1) * (double)trainingTimesteps / steps, MidpointRounding.ToEven) - 1,
                "linspace" => (int)Math.Round(i * (trainingTimesteps - 1.0) / (steps - 1), MidpointRounding.ToEven),
                _ => (int)Math.Pow(i * Math.Sqrt(0.8 * trainingTimesteps) / (steps - 1), 2),
            };
        }

        // Squares crowd at the start once S is large: push equal values up, then back below T.
        for (var i = 1; i < steps; i++)
        {
            timesteps[i] = Math.Max(timesteps[i], timesteps[i - 1] + 1);
        }

        for (var i = steps - 1; i >= 0; i--)
        {
            timesteps[i] = Math.Min(timesteps[i], trainingTimesteps - steps + i);
        }

        return timesteps;
    }
}
