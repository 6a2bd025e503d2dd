namespace Microsoft.ML.Diffusion.Schedules;

/// <summary>A schedule's noise levels, each with the time at which the schedule has it; between two timesteps by a straight line in log sigma.</summary>
/// <remarks>A level is sigma = sqrt((1 - alpha-bar) / alpha-bar), the noise in units of the signal; one without any signal is none.</remarks>
internal sealed class LevelTable
{
    private readonly NoiseSchedule _schedule;
    private readonly double[] _logSigmas;

    public LevelTable(NoiseSchedule schedule)
    {
        _schedule = schedule;
        double[] sigmas = [.. schedule.AlphasCumulativeProduct.Where(alphaBar => alphaBar > 0).Select(KarrasSpacing.Sigma)];
        _logSigmas = Array.ConvertAll(sigmas, Math.Log);
        (Lowest, Highest) = (sigmas[0], sigmas[^1]);
    }

    /// <summary>sigma of timestep 0.</summary>
    public double Lowest { get; }

    /// <summary>sigma of the noisiest timestep that holds a signal.</summary>
    public double Highest { get; }

    /// <summary>The time at which the schedule has a level, 0..T-1; a level beyond its ends has the end's.</summary>
    public double Timestep(double sigma) => KarrasSpacing.Timestep(sigma, _logSigmas);

    /// <summary>alpha-bar at a time in 0..T-1.</summary>
    public double AlphaBar(double timestep)
    {
        var below = (int)Math.Floor(timestep);
        if (below == timestep || below + 1 >= _logSigmas.Length)
        {
            return _schedule.AlphaBar((int)Math.Round(timestep));
        }

        var sigma = Math.Exp(_logSigmas[below] + ((timestep - below) * (_logSigmas[below + 1] - _logSigmas[below])));
        return 1 / (1 + (sigma * sigma));
    }
}
