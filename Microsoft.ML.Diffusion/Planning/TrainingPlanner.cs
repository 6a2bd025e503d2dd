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

    // The images to show a network for each million of operations that a prediction takes: what was best for images of three kinds (docs/planning.md).
    private const double ImagesPerMillionOperations = 350;

    // A plan for a processor that nobody has measured yet: where to begin to measure.
    private const double TypicalOperationsPerSecond = 1.5e11;

    private readonly Dictionary<int, double> _measured = [];

    /// <summary>Decides.</summary>
    /// <param name="elapsed">The time since measuring began.</param>
    public PlannedOptions Decide(Func<TimeSpan> elapsed)
    {
        var candidates = Candidates();
        var work = candidates.Select(Operations).ToArray();
        var chosen = Largest(work, TypicalOperationsPerSecond);
        while (!_measured.ContainsKey(chosen) && _measured.Count < MaximumMeasured)
        {
            var batch = candidates[chosen].Training.BatchSize;
            _measured[chosen] = measure(candidates[chosen]) / batch;
            chosen = Largest(work, 3 * work[chosen] / _measured[chosen]);
        }

        chosen = _measured.ContainsKey(chosen) ? chosen : _measured.Keys.Min();
        return PlannedTraining.Of(facts, candidates[chosen], _measured[chosen], elapsed());
    }

    private List<DiffusionOptions> Candidates() =>
    [
        .. NetworkLadder.For(facts.Shape)
            .Select(network => configure(PlannedTraining.Of(network)))
            .DistinctBy(options => options.Network),
    ];

    private double Operations(DiffusionOptions options)
    {
        options.Network.ValidateFor(facts.Shape.Height, facts.Shape.Width);
        var outputs = options.Variance == ModelVariance.LearnedRange ? 2 * facts.Shape.Channels : facts.Shape.Channels;
        return PlanWork.Operations(
            new UNetPlan(options.Network, facts.Shape.Channels, outputs, facts.Shape.Height, facts.Shape.Width, facts.Classes));
    }

    // The largest network that sees enough images in the time.
    private int Largest(double[] work, double operationsPerSecond)
    {
        var chosen = 0;
        for (var i = 0; i < work.Length; i++)
        {
            var images = facts.Budget.TotalSeconds * operationsPerSecond / (3 * work[i]);
            chosen = images >= ImagesPerMillionOperations * work[i] * 1e-6 ? i : chosen;
        }

        return chosen;
    }
}
