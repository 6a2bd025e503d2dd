namespace Microsoft.ML.Diffusion.Schedules;

/// <summary>
/// Noise levels spaced as Karras et al. 2022 do, denser the cleaner the image, and the fractional timesteps at which a schedule has them.
/// </summary>
/// <remarks>A level is sigma = sqrt((1 - alpha-bar) / alpha-bar), the noise in units of the signal.</remarks>
internal static class KarrasSpacing
{
    /// <summary>sigma_i = (max^(1/rho) + i/(n-1) (min^(1/rho) - max^(1/rho)))^rho for i = 0..n-1 (Karras et al. 2022, eq. 5).</summary>
    /// <param name="count">n, at least 1; one level alone is the maximum.</param>
    /// <param name="minimum">The last level, above 0.</param>
    /// <param name="maximum">The first level.</param>
    /// <param name="rho">How much denser the levels are at the end, above 0; 1 spaces them evenly.</param>
    public static double[] Sigmas(int count, double minimum, double maximum, double rho)
    {
        var (first, last) = (Math.Pow(maximum, 1 / rho), Math.Pow(minimum, 1 / rho));
        return [.. Enumerable.Range(0, count).Select(i => Math.Pow(first + (i / Math.Max(1.0, count - 1) * (last - first)), rho))];
    }

    /// <summary>sqrt((1 - alpha-bar) / alpha-bar).</summary>
    public static double Sigma(double alphaBar) => Math.Sqrt((1 - alphaBar) / alphaBar);

    /// <summary>Where a level lies in a rising table of their logarithms, between two entries by a straight line.</summary>
    public static double Timestep(double sigma, double[] logSigmas)
    {
        var log = Math.Log(sigma);
        var found = Array.BinarySearch(logSigmas, log);
        var above = found >= 0 ? found : ~found; // the first entry that is not below
        return above switch
        {
            0 => 0,
            _ when above == logSigmas.Length => logSigmas.Length - 1,
            _ => above - ((logSigmas[above] - log) / (logSigmas[above] - logSigmas[above - 1])),
        };
    }
}
