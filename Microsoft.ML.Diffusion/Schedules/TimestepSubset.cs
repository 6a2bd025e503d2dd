using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Which of the T training timesteps a sampling run visits: the increasing sub-sequence tau of the DDIM paper (section 4.2).
/// </summary>
/// <remarks>
/// Each choice gives exactly the asked number of distinct timesteps, for every number from 1 to T, and each step is paired with
/// its true neighbour; one step alone is T-1. <see cref="Karras"/> and <see cref="LogSnr"/> space noise levels instead, and go between
/// the timesteps of training.
/// </remarks>
public sealed record TimestepSubset
{
    private readonly int[]? _explicit;
    private readonly int[]? _previous;

    private TimestepSubset(string spacing, int count, int[]? timesteps = null, LevelSpacing? levels = null, int[]? previous = null)
    {
        _previous = previous;
        Spacing = spacing;
        Levels = levels;
        NumberOfInferenceSteps = count;
        _explicit = timesteps;
    }

    /// <summary>Gets the number of steps, S.</summary>
    public int NumberOfInferenceSteps { get; }

    /// <summary>The name of the formula in saved models: uniform, quadratic, linspace, trailing, karras, log_snr, explicit or pairs.</summary>
    internal string Spacing { get; }

    /// <summary>How <see cref="Karras"/> and <see cref="LogSnr"/> space noise levels; null for the others.</summary>
    internal LevelSpacing? Levels { get; }

    /// <summary>tau_i = floor(i T / S): starts at 0 and stays below T-1 (the paper's linear choice; "leading" elsewhere).</summary>
    /// <param name="steps">S, 1..T.</param>
    public static TimestepSubset Uniform(int steps) => new("uniform", AtLeastOne(steps));

    /// <summary>tau_i grows with the square of i up to about 0.8 T: more steps where little noise is left (the paper's choice for CIFAR-10).</summary>
    /// <inheritdoc cref="Uniform"/>
    public static TimestepSubset Quadratic(int steps) => new("quadratic", AtLeastOne(steps));

    /// <summary>tau_i = round(i (T-1) / (S-1)): both ends included.</summary>
    /// <inheritdoc cref="Uniform"/>
    public static TimestepSubset Linspace(int steps) => new("linspace", AtLeastOne(steps));

    /// <summary>tau_i = round((i+1) T / S) - 1: starts the run at T-1, where training saw the purest noise (Lin et al. 2023).</summary>
    /// <inheritdoc cref="Uniform"/>
    public static TimestepSubset Trailing(int steps) => new("trailing", AtLeastOne(steps));

    /// <summary>
    /// Spaces noise levels instead of timesteps: the rho-th root of sigma = sqrt((1 - alpha-bar) / alpha-bar) falls evenly (Karras et al. 2022,
    /// eq. 5).
    /// </summary>
    /// <remarks>
    /// The network is asked at fractional timesteps, found by interpolating log sigma in the schedule, so there is no list of whole
    /// ones: <see cref="Resolve"/> and <see cref="Pairs"/> refuse. A run that begins below the schedule's noisiest level still begins with
    /// standard normal noise: at sigma 80 the images' own share of x is 1/80.
    /// </remarks>
    /// <param name="steps">Number of steps, 1 to 10,000; they may be more than T.</param>
    /// <param name="rho">How much denser the levels are where little noise is left, at least 1, which spaces sigma evenly.</param>
    /// <param name="sigmaMax">
    /// The first level, above 0 and at most the schedule's own, which infinity stands for. The default is that of Karras et al.; the cosine schedule goes on to
    /// 20,291, on which 11 of 18 steps would be spent.
    /// </param>
    /// <param name="sigmaMin">The last level before the clean image, above 0, below <paramref name="sigmaMax"/> and at least the schedule's own, which <see langword="null"/> stands for.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static TimestepSubset Karras(
        int steps,
        double rho = 7,
        double sigmaMax = LevelSpacing.DefaultSigmaMax,
        double? sigmaMin = null) => rho >= 1 && double.IsFinite(rho)
        ? new("karras", AtLeastOne(steps), levels: LevelSpacing.Checked(sigmaMax, sigmaMin, rho))
        : throw new ArgumentOutOfRangeException(
            nameof(rho),
            rho,
            "rho must be a number of at least 1, because 1 spaces the noise levels evenly and more crowds them where little noise is left.");

    /// <summary>
    /// Spaces noise levels evenly in log-SNR: lambda = log(sqrt(alpha-bar) / sqrt(1 - alpha-bar)), in whose terms DPM-Solver++ solves (Lu et al.
    /// 2022), grows by the same amount in every step, and sigma shrinks by the same factor.
    /// </summary>
    /// <inheritdoc cref="Karras" path="/remarks"/>
    /// <param name="steps">Number of steps, 1 to 10,000; they may be more than T.</param>
    /// <param name="sigmaMax">The first level, above 0 and at most the schedule's own, which infinity stands for.</param>
    /// <param name="sigmaMin">The last level before the clean image, above 0, below <paramref name="sigmaMax"/> and at least the schedule's own, which <see langword="null"/> stands for.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static TimestepSubset LogSnr(int steps, double sigmaMax = LevelSpacing.DefaultSigmaMax, double? sigmaMin = null) =>
        new("log_snr", AtLeastOne(steps), levels: LevelSpacing.Checked(sigmaMax, sigmaMin, rho: null));

    /// <summary>Uses exactly the timesteps given, in any order.</summary>
    /// <param name="timesteps">Distinct timesteps, each in 0..T-1.</param>
    /// <exception cref="ArgumentException">The list is empty or holds a value twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is negative.</exception>
    public static TimestepSubset Of(params ReadOnlySpan<int> timesteps)
    {
        if (timesteps.IsEmpty)
        {
            throw new ArgumentException("timesteps must name at least one timestep.", nameof(timesteps));
        }

        var sorted = timesteps.ToArray();
        Array.Sort(sorted);
        ArgumentOutOfRangeException.ThrowIfNegative(sorted[0], nameof(timesteps));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                throw new ArgumentException($"timesteps must be distinct, but {sorted[i]} is given twice.", nameof(timesteps));
            }
        }

        return new TimestepSubset("explicit", sorted.Length, sorted);
    }

    /// <summary>Uses exactly the steps given: for schedulers of other libraries, whose steps need not lead to the next one's timestep.</summary>
    /// <remarks>
    /// Here a stochastic sampler draws noise in every step from above timestep 0, also in a last one. A step to <c>PreviousTimestep</c> -1 ends at a
    /// clean image, one to 0 at the first timestep's noise level.
    /// </remarks>
    /// <param name="pairs">The steps in the order of the run: falling timesteps in 0..T-1, each with a previous one from -1 to itself.</param>
    /// <exception cref="ArgumentException">The list is empty, or its timesteps do not fall.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A previous timestep is not from -1 to its timestep.</exception>
    public static TimestepSubset OfPairs(params ReadOnlySpan<TimestepPair> pairs)
    {
        if (pairs.IsEmpty)
        {
            throw new ArgumentException("pairs must name at least one step.", nameof(pairs));
        }

        var (timesteps, previous) = (new int[pairs.Length], new int[pairs.Length]);
        for (var i = 0; i < pairs.Length; i++)
        {
            var (timestep, before) = pairs[i];
            if (i > 0 && timestep >= pairs[i - 1].Timestep)
            {
                throw new ArgumentException(
                    $"pairs must have falling timesteps, but {timestep} follows {pairs[i - 1].Timestep}.",
                    nameof(pairs));
            }

            if (timestep < 0 || before < -1 || before > timestep)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(pairs),
                    pairs[i],
                    "Each of pairs must lead from a timestep of at least 0 to a previous one from -1 to itself.");
            }

            (timesteps[^(i + 1)], previous[^(i + 1)]) = (timestep, before);
        }

        return new TimestepSubset("pairs", pairs.Length, timesteps, previous: previous);
    }

    /// <summary>Lists the timesteps, rising, for a schedule of <paramref name="trainingTimesteps"/> steps.</summary>
    /// <param name="trainingTimesteps">T, at least the number of steps.</param>
    /// <returns>Exactly <see cref="NumberOfInferenceSteps"/> distinct values in 0..T-1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">More steps are asked than the schedule has, or one lies beyond its end.</exception>
    /// <exception cref="InvalidOperationException">
    /// The spacing is <see cref="Karras"/> or <see cref="LogSnr"/>, whose timesteps are not whole numbers.
    /// </exception>
    public IReadOnlyList<int> Resolve(int trainingTimesteps)
    {
        if (Levels is not null)
        {
            throw new InvalidOperationException(
                $"{(Levels.Rho is null ? nameof(LogSnr) : nameof(Karras))} spacing has no whole timesteps, because it spaces the noise levels of a schedule. Use another spacing where a list of timesteps is needed.");
        }

        var (steps, last) = (NumberOfInferenceSteps, trainingTimesteps - 1);
        if (steps > trainingTimesteps)
        {
            throw new ArgumentOutOfRangeException(
                nameof(steps),
                steps,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The number of sampling steps must be at most {trainingTimesteps}, because the model was trained on that many timesteps and a run visits each at most once."));
        }

        if (_explicit is not null)
        {
            return _explicit[^1] <= last
                ? _explicit
                : throw new ArgumentOutOfRangeException(
                    "timesteps",
                    _explicit[^1],
                    $"Each timestep must be at most {last}, because the model was trained on timesteps 0 to {last}.");
        }

        return steps == 1 ? [last] : TimestepFormulas.Spaced(Spacing, steps, trainingTimesteps);
    }

    /// <summary>Lists the run's steps, falling from the noisiest, each with its true neighbour.</summary>
    /// <inheritdoc cref="Resolve"/>
    public IReadOnlyList<TimestepPair> Pairs(int trainingTimesteps)
    {
        var rising = Resolve(trainingTimesteps);
        var pairs = new TimestepPair[rising.Count];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[^(i + 1)] = new TimestepPair(rising[i], _previous is not null ? _previous[i] : i == 0 ? -1 : rising[i - 1]);
        }

        return pairs;
    }

    /// <summary>Recreates a subset from its saved name and numbers. Files from before there was a range of levels mean the whole schedule.</summary>
    internal static TimestepSubset FromConfig(
        string spacing,
        int count,
        int[]? timesteps,
        double? rho = null,
        int[]? previous = null,
        double sigmaMax = double.PositiveInfinity,
        double? sigmaMin = null) => spacing switch
        {
            "karras" when rho is { } exponent => Karras(count, exponent, sigmaMax, sigmaMin),
            "log_snr" => LogSnr(count, sigmaMax, sigmaMin),
            "uniform" or "quadratic" or "linspace" or "trailing" => new TimestepSubset(spacing, AtLeastOne(count)),
            "explicit" when timesteps is not null => Of(timesteps),
            "pairs" when timesteps is not null && previous?.Length == timesteps.Length =>
                OfPairs([.. timesteps.Zip(previous, (timestep, before) => new TimestepPair(timestep, before)).Reverse()]),
            _ => throw new FormatException($"The timestep spacing '{spacing}' with {count} steps is not known."),
        };

    /// <summary>The timesteps of <see cref="Of"/> and <see cref="OfPairs"/>, rising; null for a formula.</summary>
    internal IReadOnlyList<int>? ExplicitTimesteps => _explicit;

    /// <summary>Where each step of <see cref="OfPairs"/> leads, in the order of <see cref="ExplicitTimesteps"/>; null for the others.</summary>
    internal IReadOnlyList<int>? PreviousTimesteps => _previous;

    /// <inheritdoc/>
    public bool Equals(TimestepSubset? other) =>
        other is not null && Spacing == other.Spacing && NumberOfInferenceSteps == other.NumberOfInferenceSteps && Levels == other.Levels
        && (_explicit is null ? other._explicit is null : other._explicit is not null && _explicit.AsSpan().SequenceEqual(other._explicit))
        && _previous.AsSpan().SequenceEqual(other._previous);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Spacing, NumberOfInferenceSteps, _explicit?[^1], Levels);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{NumberOfInferenceSteps} {Spacing.Replace('_', '-')} steps{Levels}");

    private static int AtLeastOne(int steps)
    {
        if (steps < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(steps),
                steps,
                "steps must be at least 1, because every run needs a step to leave pure noise.");
        }

        Check.Require(
            steps <= Limits.Timesteps,
            nameof(steps),
            steps,
            $"must be at most {Limits.Timesteps}, because each is a call of the network, and more than a few hundred change no image");
        return steps;
    }
}
