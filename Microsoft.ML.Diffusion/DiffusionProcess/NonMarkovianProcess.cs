namespace Microsoft.ML.Diffusion;

/// <summary>
/// A member of the DDIM paper's family of forward processes q_sigma (Song et al. 2021, section 3.1): any list of sigma_t gives one, all have the same
/// q(x_t | x_0), and a network trained for one serves all. With the sigmas of <see cref="OfEta"/> 1 it is DDPM's own, with 0 that of DDIM.
/// </summary>
/// <remarks>
/// Timesteps count t = 0..T-1 here, where the papers count 1..T. For a process over a subset of timesteps take <see cref="NoiseSchedule.Respaced"/>.
/// Instances are immutable.
/// </remarks>
public sealed class NonMarkovianProcess
{
    private readonly double[] _sigmas;
    private readonly GaussianDiffusion _diffusion;

    /// <summary>Initializes the process of a list of sigmas.</summary>
    /// <param name="schedule">The noise schedule, which decides q(x_t | x_0).</param>
    /// <param name="sigmas">
    /// sigma_t for t = 0..T-1: the standard deviation of the noise that the step down from t draws anew, from 0 to sqrt(1 - alpha-bar_{t-1}). That of t = 0
    /// is no part of q; it is the standard deviation of the last step of sampling (eq. 10) and may be any.
    /// </param>
    /// <exception cref="ArgumentException">There are not T sigmas.</exception>
    /// <exception cref="ArgumentOutOfRangeException">One is outside its range.</exception>
    public NonMarkovianProcess(NoiseSchedule schedule, params ReadOnlySpan<double> sigmas)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (sigmas.Length != schedule.NumberOfTrainingTimesteps)
        {
            throw new ArgumentException(
                $"sigmas must hold one for each of the {schedule.NumberOfTrainingTimesteps} timesteps, but there are {sigmas.Length}.",
                nameof(sigmas));
        }

        for (var t = 0; t < sigmas.Length; t++)
        {
            var limit = t == 0 ? double.MaxValue : Math.Sqrt(1 - schedule.AlphaBar(t - 1));
            if (!(sigmas[t] >= 0 && sigmas[t] <= limit))
            {
                throw new ArgumentOutOfRangeException(nameof(sigmas), sigmas[t], t == 0
                    ? "sigmas[0] must be a number of at least 0, because it is a standard deviation."
                    : FormattableString.Invariant(
                        $"sigmas[{t}] must be from 0 to {limit}, because the noise drawn in a step is part of that of the timestep it leads to."));
            }
        }

        (Schedule, _sigmas, _diffusion) = (schedule, sigmas.ToArray(), new GaussianDiffusion(schedule));
    }

    /// <summary>Gets the noise schedule.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>Gets sigma_t for t = 0..T-1.</summary>
    public IReadOnlyList<double> Sigmas => _sigmas;

    /// <summary>Creates the process of sigma_t(eta) (Song et al. 2021, eq. 16, with every timestep).</summary>
    /// <param name="schedule">The noise schedule.</param>
    /// <param name="eta">0 draws nothing anew (DDIM), 1 as much as the posterior of DDPM; 0..1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eta"/> is outside its range.</exception>
    public static NonMarkovianProcess OfEta(NoiseSchedule schedule, double eta)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return eta >= 0 && eta <= 1
            ? new NonMarkovianProcess(schedule, [.. schedule.PosteriorVariance.Select(variance => eta * Math.Sqrt(variance))])
            : throw new ArgumentOutOfRangeException(
                nameof(eta),
                eta,
                "eta must be in [0, 1], because it scales the noise from none (DDIM) to that of DDPM.");
    }

    /// <summary>
    /// Gives q_sigma(x_{t-1} | x_t, x_0) (Song et al. 2021, eq. 7); with the predicted x_0 in place of x_0 it is the step of sampling (eq. 10).
    /// </summary>
    /// <param name="timestep">t, in 0..T-1; at 0 it is N(x_0, sigma_0^2 I), the last step of sampling.</param>
    /// <returns>The shares of x_0 and x_t in the mean, and the variance sigma_t^2.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    public GaussianTransition Posterior(int timestep)
    {
        var (signal, noise) = Scales(timestep);
        var (signalBefore, noiseBefore) = Scales(timestep - 1);
        var variance = _sigmas[timestep] * _sigmas[timestep];
        var ofSample = Math.Sqrt(Math.Max(0, (noiseBefore * noiseBefore) - variance)) / noise; // at t = 0 nothing of x_t is kept
        return new GaussianTransition(signalBefore - (ofSample * signal), ofSample, variance);
    }

    /// <summary>Gives q_sigma(x_t | x_{t-1}, x_0), the step of the forward process, by Bayes' rule (Song et al. 2021, eq. 8).</summary>
    /// <remarks>Unlike DDPM's it depends on x_0, but for the sigmas of <see cref="OfEta"/> 1, where it is q(x_t | x_{t-1}).</remarks>
    /// <param name="timestep">t, in 0..T-1; at 0 it is q(x_t | x_0).</param>
    /// <returns>The shares of x_0 and x_{t-1} in the mean, and the variance, 0 where sigma_t is 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    public GaussianTransition Forward(int timestep)
    {
        if (timestep == 0)
        {
            return _diffusion.Marginal(0);
        }

        var (signal, noise) = Scales(timestep);
        var (signalBefore, noiseBefore) = Scales(timestep - 1);
        var variance = _sigmas[timestep] * _sigmas[timestep];
        var ofSample = noise * Math.Sqrt(Math.Max(0, (noiseBefore * noiseBefore) - variance)) / (noiseBefore * noiseBefore);
        return new GaussianTransition(signal - (ofSample * signalBefore), ofSample, variance * noise * noise / (noiseBefore * noiseBefore));
    }

    /// <summary>
    /// Gives gamma_t, by which the process's variational loss J_sigma weighs the squared error of the predicted noise: up to a constant J_sigma is
    /// the sum over t
    /// of gamma_t ||epsilon - epsilon_theta||^2 (Song et al. 2021, eq. 5 and theorem 1).
    /// </summary>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <returns>At least 0; infinite where sigma_t is 0, which the theorem leaves out.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    public double LossWeight(int timestep)
    {
        var posterior = Posterior(timestep);
        var (signal, noise) = Scales(timestep);
        return Math.Pow(posterior.OriginalCoefficient * noise / signal, 2) / (2 * posterior.Variance);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"q_sigma over {Schedule}, sigma {_sigmas.Min():G4}..{_sigmas.Max():G4}");

    private (double Signal, double Noise) Scales(int timestep)
    {
        var marginal = _diffusion.Marginal(timestep);
        return (marginal.OriginalCoefficient, Math.Sqrt(marginal.Variance));
    }
}
