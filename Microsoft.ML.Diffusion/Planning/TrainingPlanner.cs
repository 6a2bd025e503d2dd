using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>Decides how to learn from some images in a given time. Its decisions follow from the facts and the measured speeds alone.</summary>
/// <param name="facts">What is known.</param>
/// <param name="configure">Applies the options that are given: what it sets stays as it is.</param>
/// <param name="measure">Measures the time of a training step with some options, in seconds.</param>
internal sealed class TrainingPlanner(
    PlanFacts facts,
    Func<DiffusionOptions, DiffusionOptions> configure,
    Func<DiffusionOptions, double> measure)
{
    /// <summary>The share of the budget that measuring may take.</summary>
    public const double MeasuringShare = 0.05;

    /// <summary>The networks that are measured at most.</summary>
    public const int MaximumMeasured = 3;

    // The images to show a network for each operation that a prediction takes for a pixel: with as many, 16 channels are already better than 8 in the
    // same time (docs/planning.md). For a pixel, because a larger image says more to the same network: it needs no more of them.
    private const double ImagesPerOperation = 0.2;

    // A plan for a device that nobody has measured yet: where to begin to measure.
    private const double TypicalOperationsPerSecond = 1.5e11;
    private const double TypicalOperationsOfCard = 3e12;

    private readonly Dictionary<int, double> _measured = [];

    /// <summary>Decides.</summary>
    /// <param name="elapsed">The time since measuring began.</param>
    public PlannedOptions Decide(Func<TimeSpan> elapsed)
    {
        var candidates = Candidates();
        var work = candidates.Select(Operations).ToArray();
        for (var next = Next(work); next is { } place && _measured.Count < MaximumMeasured; next = Next(work))
        {
            _measured[place] = measure(candidates[place]) / candidates[place].Training.BatchSize;
        }

        var chosen = _measured.Keys.Where(place => IsEnough(work, place)).DefaultIfEmpty(_measured.Keys.Min()).Max();
        return PlannedTraining.Of(facts, candidates[chosen].Network, _measured[chosen], elapsed(), configure);
    }

    private List<DiffusionOptions> Candidates() =>
    [
        .. NetworkLadder.For(facts.Shape)
            .Select(network => configure(PlannedTraining.Of(facts, network)))
            .DistinctBy(options => options.Network),
    ];

    private double Operations(DiffusionOptions options)
    {
        options.Network.ValidateFor(facts.Shape.Height, facts.Shape.Width);
        var outputs = options.Variance == ModelVariance.LearnedRange ? 2 * facts.Shape.Channels : facts.Shape.Channels;
        return PlanWork.Operations(
            new UNetPlan(options.Network, facts.Shape.Channels, outputs, facts.Shape.Height, facts.Shape.Width, facts.Classes));
    }

    // The largest network that seems to see enough images, then the next larger one: kernels are faster with more channels, which only measuring tells.
    private int? Next(double[] work)
    {
        var largest = Enumerable.Range(0, work.Length).Where(place => IsEnough(work, place)).DefaultIfEmpty(0).Max();
        return !_measured.ContainsKey(largest) ? largest
            : largest + 1 < work.Length && !_measured.ContainsKey(largest + 1) ? largest + 1
            : null;
    }

    private bool IsEnough(double[] work, int place) =>
        facts.Budget.TotalSeconds / SecondsPerImage(work, place) >=
        ImagesPerOperation * work[place] / (facts.Shape.Height * facts.Shape.Width);

    // As measured, or by the speed of the nearest network that was.
    private double SecondsPerImage(double[] work, int place)
    {
        if (_measured.Count == 0)
        {
            return 3 * work[place] / (facts.OnCard ? TypicalOperationsOfCard : TypicalOperationsPerSecond);
        }

        var nearest = _measured.Keys.MinBy(other => Math.Abs(other - place));
        return _measured[nearest] * work[place] / work[nearest];
    }
}
