using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// How much noise each training timestep adds: the variances beta_t of the forward process
/// q(x_t | x_{t-1}) = N(sqrt(1 - beta_t) x_{t-1}, beta_t I) and every table that follows from them.
/// </summary>
/// <remarks>
/// Timesteps count t = 0..T-1 here, where the papers count 1..T: entry t of a table belongs to the papers' step t + 1.
/// All tables are computed and kept in double precision. Instances are immutable, and equal if they were made in the same way from the same numbers.
/// </remarks>
public sealed class NoiseSchedule : IEquatable<NoiseSchedule>
{
    private readonly double[] _betas;
    private readonly double[] _alphas;
    private readonly double[] _alphasCumulativeProduct;

    internal NoiseSchedule(NoiseScheduleKind kind, double[] betas)
    {
        Kind = kind;
        _betas = betas;
        _alphas = Array.ConvertAll(betas, beta => 1 - beta);
        _alphasCumulativeProduct = new double[betas.Length];
        var product = 1.0;
        for (var t = 0; t < betas.Length; t++)
        {
            product *= _alphas[t];
            _alphasCumulativeProduct[t] = product;
        }
    }

    /// <summary>Gets T, the number of timesteps that training draws from.</summary>
    public int NumberOfTrainingTimesteps => _betas.Length;

    /// <summary>Gets beta_t for t = 0..T-1, the variance of the noise that step t adds, in (0, 1].</summary>
    public IReadOnlyList<double> Betas => _betas;

    /// <summary>Gets alpha_t = 1 - beta_t for t = 0..T-1.</summary>
    public IReadOnlyList<double> Alphas => _alphas;

    /// <summary>Gets alpha-bar_t, the product of alpha_0..alpha_t: the share of the signal's variance left at t. It falls with t.</summary>
    public IReadOnlyList<double> AlphasCumulativeProduct => _alphasCumulativeProduct;

    /// <summary>Gets beta~_t, the variance of q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7): 0 at t = 0.</summary>
    public IReadOnlyList<double> PosteriorVariance => field ??= Posteriors(posterior => posterior.Variance);

    /// <summary>Gets log beta~_t, with the value of t = 1 in place of minus infinity at t = 0 (log beta_0 if there is but one timestep).</summary>
    public IReadOnlyList<double> PosteriorLogVarianceClipped => field ??= LogVarianceClipped();

    /// <summary>Gets the weight of x_0 in the mean of q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7).</summary>
    public IReadOnlyList<double> PosteriorMeanCoefficient1 => field ??= Posteriors(posterior => posterior.OriginalCoefficient);

    /// <summary>Gets the weight of x_t in the mean of q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7).</summary>
    public IReadOnlyList<double> PosteriorMeanCoefficient2 => field ??= Posteriors(posterior => posterior.NoisyCoefficient);

    /// <summary>Gets alpha-bar_t / (1 - alpha-bar_t), the signal-to-noise ratio of x_t.</summary>
    public IReadOnlyList<double> SignalToNoiseRatio =>
        field ??= Array.ConvertAll(_alphasCumulativeProduct, alphaBar => alphaBar / (1 - alphaBar));

    /// <summary>How the schedule was made, so that a saved model can name it.</summary>
    internal NoiseScheduleKind Kind { get; }

    /// <summary>Creates the schedule of the DDPM paper: beta rises linearly.</summary>
    /// <param name="timesteps">T, 1 to 10,000.</param>
    /// <param name="betaStart">beta_0, in (0, 1).</param>
    /// <param name="betaEnd">beta_{T-1}, in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static NoiseSchedule Linear(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        NoiseScheduleKind.Linear(timesteps, betaStart, betaEnd).Create();

    /// <summary>Creates the schedule of latent diffusion: the square root of beta rises linearly.</summary>
    /// <inheritdoc cref="Linear"/>
    public static NoiseSchedule ScaledLinear(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        NoiseScheduleKind.ScaledLinear(timesteps, betaStart, betaEnd).Create();

    /// <summary>Creates the schedule in which beta follows a logistic curve from <paramref name="betaStart"/> to <paramref name="betaEnd"/>.</summary>
    /// <remarks>Two schedules are called sigmoid: this one bends beta; <see cref="SigmoidCumulative"/> bends alpha-bar.</remarks>
    /// <inheritdoc cref="Linear"/>
    public static NoiseSchedule Sigmoid(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        NoiseScheduleKind.Sigmoid(timesteps, betaStart, betaEnd).Create();

    /// <summary>Creates the schedule in which alpha-bar follows a squared cosine (Nichol and Dhariwal 2021, offset 0.008).</summary>
    /// <param name="timesteps">T, 1 to 10,000.</param>
    /// <param name="maximumBeta">Upper bound of beta_t, in (0, 1): without it the last step would remove all signal.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static NoiseSchedule Cosine(int timesteps = 1000, double maximumBeta = 0.999) =>
        NoiseScheduleKind.Cosine(timesteps, maximumBeta).Create();

    /// <summary>Creates the schedule in which alpha-bar follows a logistic curve (Jabri et al. 2022, with start -3, end 3, temperature 1).</summary>
    /// <inheritdoc cref="Cosine"/>
    public static NoiseSchedule SigmoidCumulative(int timesteps = 1000, double maximumBeta = 0.999) =>
        NoiseScheduleKind.SigmoidCumulative(timesteps, maximumBeta).Create();

    /// <summary>Creates a schedule from beta_0..beta_{T-1}.</summary>
    /// <param name="betas">The variances, at most 10,000, each in (0, 1]; 1 is allowed only at the end, where it means that no signal is left.</param>
    /// <exception cref="ArgumentException"><paramref name="betas"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static NoiseSchedule FromBetas(params ReadOnlySpan<double> betas) =>
        NoiseScheduleKind.FromBetas(betas.ToArray()).Create();

    /// <summary>Returns this schedule shifted and scaled so that the last timestep is pure noise: alpha-bar_{T-1} = 0 (Lin et al. 2023).</summary>
    /// <remarks>
    /// Epsilon prediction cannot recover x_0 where no signal is left: train such a schedule with <see cref="PredictionType.VPrediction"/> or
    /// <see cref="PredictionType.Sample"/>.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The schedule has one timestep only, which then would be both first and pure noise.</exception>
    public NoiseSchedule WithZeroTerminalSnr() => (Kind with { ZeroTerminalSnr = true }).Create();

    /// <summary>
    /// Returns the schedule of a subset of the timesteps: that of a forward process which goes from each to the next in one step, with
    /// beta = 1 - alpha-bar_t / alpha-bar_s (Nichol and Dhariwal 2021, section 4). One can train on it: the network then knows the timesteps 0..S-1.
    /// </summary>
    /// <param name="subset">Which S of the timesteps; not <see cref="TimestepSubset.Karras"/>, which goes between them.</param>
    /// <returns>A schedule of S timesteps, whose alpha-bars are those of this one at the subset's timesteps.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The subset has more timesteps than the schedule, or one lies beyond its end.</exception>
    /// <exception cref="InvalidOperationException">The subset has no whole timesteps.</exception>
    public NoiseSchedule Respaced(TimestepSubset subset)
    {
        ArgumentNullException.ThrowIfNull(subset);
        var timesteps = subset.Resolve(NumberOfTrainingTimesteps);
        return FromBetas([.. timesteps.Select((timestep, i) => 1 - (AlphaBar(timestep) / AlphaBar(i == 0 ? -1 : timesteps[i - 1])))]);
    }

    /// <summary>Alpha-bar at <paramref name="timestep"/>; before the first step (-1) nothing is lost and it is 1.</summary>
    internal double AlphaBar(int timestep) => timestep < 0 ? 1.0 : _alphasCumulativeProduct[timestep];

    private double[] LogVarianceClipped()
    {
        var logs = PosteriorVariance.Select(variance => Math.Log(variance)).ToArray();
        logs[0] = logs.Length > 1 ? logs[1] : Math.Log(_betas[0]);
        return logs;
    }

    private double[] Posteriors(Func<Posterior, double> table) =>
        [.. Enumerable.Range(0, NumberOfTrainingTimesteps).Select(t => table(Posterior.Between(AlphaBar(t), AlphaBar(t - 1))))];

    /// <summary>Says whether two schedules are equal: made in the same way from the same numbers.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(NoiseSchedule? left, NoiseSchedule? right) => Equals(left, right);

    /// <summary>Says whether two schedules differ in how they were made or from which numbers.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(NoiseSchedule? left, NoiseSchedule? right) => !Equals(left, right);

    /// <inheritdoc/>
    public bool Equals(NoiseSchedule? other) => other is not null && Kind == other.Kind;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NoiseSchedule);

    /// <inheritdoc/>
    public override int GetHashCode() => Kind.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} (T = {NumberOfTrainingTimesteps})";
}
