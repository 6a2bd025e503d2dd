using System.Globalization;

namespace Microsoft.ML.Diffusion.Schedules;

/// <summary>How a run spaces noise levels, instead of timesteps: within a range of sigma, by the exponent of Karras et al. 2022 or evenly in log-SNR.</summary>
/// <param name="SigmaMax">The first level; a schedule whose noisiest is lower begins there.</param>
/// <param name="SigmaMin">The last level before the clean image; null is the schedule's lowest.</param>
/// <param name="Rho">The exponent; null is even in log-SNR.</param>
internal sealed record LevelSpacing(double SigmaMax, double? SigmaMin, double? Rho)
{
    /// <summary>
    /// Where runs begin if they are not told otherwise: above, no sample tells anything, and most of a schedule that goes further would be wasted.
    /// </summary>
    public const double DefaultSigmaMax = 80;

    /// <summary>Checks the range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A level is not a positive number, or the last is not below the first.</exception>
    public static LevelSpacing Checked(double sigmaMax, double? sigmaMin, double? rho)
    {
        if (!(sigmaMax > 0))
        {
            throw new ArgumentOutOfRangeException(
                nameof(sigmaMax),
                sigmaMax,
                "sigmaMax must be above 0, because it is the noise, in units of the signal, that a run begins at; infinity is all that the schedule has.");
        }

        if (sigmaMin is { } last && !(last > 0 && last < sigmaMax))
        {
            throw new ArgumentOutOfRangeException(
                nameof(sigmaMin),
                sigmaMin,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"sigmaMin must be above 0 and below sigmaMax ({sigmaMax}), because a run goes down from the one to the other; leave it null for the schedule's lowest."));
        }

        return new LevelSpacing(sigmaMax, sigmaMin, rho);
    }

    /// <summary>Falling levels, each with the time at which the schedule has it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The schedule has no two levels in the range.</exception>
    public IReadOnlyList<(double Timestep, double AlphaBar)> Levels(int count, NoiseSchedule schedule)
    {
        var table = new LevelTable(schedule);
        var (first, last) =
            (Math.Clamp(SigmaMax, table.Lowest, table.Highest), Math.Clamp(SigmaMin ?? table.Lowest, table.Lowest, table.Highest));
        if (count > 1 && !(first > last))
        {
            throw new ArgumentOutOfRangeException(
                "sigmaMax",
                SigmaMax,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"sigmaMin and sigmaMax must leave the steps a range of noise levels, because several steps cannot be spaced at one; the schedule goes from {table.Lowest:G4} to {table.Highest:G4}."));
        }

        var sigmas = Rho is { } rho ? KarrasSpacing.Sigmas(count, last, first, rho) : EvenLogSnr(count, last, first);
        return [.. sigmas.Select(sigma => (table.Timestep(sigma), 1 / (1 + (sigma * sigma))))];
    }

    /// <summary>Levels at equal distances in lambda = log(sqrt(alpha-bar) / sqrt(1 - alpha-bar)), half the log-SNR, which is -log sigma.</summary>
    /// <param name="count">How many, at least 1; one level alone is the maximum.</param>
    /// <param name="minimum">The last level, above 0.</param>
    /// <param name="maximum">The first level.</param>
    public static double[] EvenLogSnr(int count, double minimum, double maximum)
    {
        var (first, last) = (Math.Log(maximum), Math.Log(minimum));
        return [.. Enumerable.Range(0, count).Select(i => Math.Exp(first + (i / Math.Max(1.0, count - 1) * (last - first))))];
    }

    /// <inheritdoc/>
    public override string ToString() =>
        (Rho is null or 7 ? "" : string.Create(CultureInfo.InvariantCulture, $" of rho {Rho}"))
        + (SigmaMax == DefaultSigmaMax
            ? ""
            : double.IsInfinity(SigmaMax)
                ? " from the schedule's highest level"
                : string.Create(CultureInfo.InvariantCulture, $" from sigma {SigmaMax}"))
        + (SigmaMin is null ? "" : string.Create(CultureInfo.InvariantCulture, $" to sigma {SigmaMin}"));
}
