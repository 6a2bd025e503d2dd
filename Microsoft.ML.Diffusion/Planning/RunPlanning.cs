using System.Diagnostics;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>The plan of one run: taken from its checkpoint, or made for its images, device and time. One process measures for all, which share out each step.</summary>
internal sealed class RunPlanning(
    TimeBudget budget,
    TrainingSet images,
    IReadOnlyList<string> classNames,
    ModelDescription? previous,
    bool hasValidation,
    ComputeDevice device,
    long seed,
    int processes = 1)
{
    private static readonly TimeSpan _longEnough = TimeSpan.FromSeconds(10); // with a day of training, too

    private readonly PlanFacts _facts = new(images.Shape, images.Count, classNames.Count, hasValidation, budget.Time)
    {
        OnCard = device.Kind == DeviceKind.Cuda,
    };

    /// <summary>Decides, and tells what and why before the first step.</summary>
    /// <param name="earlier">The plan of the run that is resumed, as JSON; null for a new one.</param>
    /// <param name="cancellation">Ends the measuring.</param>
    /// <param name="tell">Receives the plan in words.</param>
    public PlannedOptions Decide(string? earlier, RunCancellation cancellation, Action<string> tell)
    {
        if (earlier is not null)
        {
            return Resumed(PlannedOptions.FromJson(earlier));
        }

        tell(FormattableString.Invariant(
            $"Measuring what {device} can do with {images.Count} images of {images.Shape}, to plan {TimeText.Of(budget.Time)} of training."));
        var clock = Stopwatch.StartNew();
        var timer = new StepTimer(images, device, seed, cancellation);
        var share = TrainingPlanner.MeasuringShare * budget.Time / TrainingPlanner.MaximumMeasured;
        var limit = share < _longEnough ? share : _longEnough;
        var planned = new TrainingPlanner(
            _facts,
            Given,
            options => timer.SecondsPerStep(
                new ModelDescription(images.Shape, options.Network, options.Schedule, options.Prediction, options.Variance, classNames),
                options.Training,
                limit) / processes).Decide(() => clock.Elapsed);
        tell(PlanText.Of(_facts, planned, Options(planned)));
        return planned;
    }

    private PlannedOptions Resumed(PlannedOptions earlier) => earlier.Budget == budget.Time
        ? earlier
        : throw OptionMessages.Of(
            $"{new OptionName(nameof(TrainingOptions.CheckpointDirectory))} holds a run that was planned for {TimeText.Of(earlier.Budget)}, but the budget is now {TimeText.Of(budget.Time)}. Give the same budget to resume it, or name another folder.",
            message => new InvalidOperationException(message));

    /// <summary>The options of the run.</summary>
    public DiffusionOptions Options(PlannedOptions planned) => Given(planned.ApplyTo(new DiffusionOptions()));

    // What a model has decided that is trained on is given like what the caller says.
    private DiffusionOptions Given(DiffusionOptions options)
    {
        var given = budget.Configure(options);
        return previous is null
            ? given
            : given with
            {
                Network = previous.Network with { Dropout = given.Network.Dropout },
                Schedule = previous.Schedule,
                Prediction = previous.Prediction,
                Variance = previous.Variance,
                Channels = previous.Shape.Channels,
            };
    }
}
