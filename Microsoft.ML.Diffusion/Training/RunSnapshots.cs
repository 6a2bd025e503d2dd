using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Shows images of what has been learned so far, and keeps a model file up to date: at their moments, with the averaged weights.</summary>
/// <param name="run">What is trained.</param>
/// <param name="training">What has the average.</param>
/// <param name="cancellation">Ends a generation.</param>
/// <param name="start">The share of the budget that is over before.</param>
/// <param name="saveModel">Saves the network as it is as a model of so many steps; null saves none.</param>
internal sealed class RunSnapshots(
    TrainingRun run,
    NetworkTraining training,
    RunCancellation cancellation,
    double start,
    Action<TrainingSummary>? saveModel)
{
    private readonly SampleGridOptions? _grid = run.Group.IsFirst ? run.Options.SampleGrid : null;
    private readonly BudgetShares _gridShares = new(run.Options.SampleGrid?.EveryFraction ?? 1, start);
    private readonly BudgetShares _modelShares = new(run.Options.ModelFileEveryFraction, start);
    private int _stepShown = -1;

    /// <summary>Takes those that are due after a step.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="fraction">The share of the budget that is over.</param>
    /// <param name="summarize">Tells of the run so far.</param>
    public void Take(int step, double fraction, Func<TrainingSummary> summarize)
    {
        if (_grid is { } options && (options.EveryFraction is null ? step % options.EverySteps == 0 : _gridShares.IsDue(fraction)))
        {
            Show(options, step);
        }

        if (saveModel is not null && _modelShares.IsDue(fraction) && fraction < 1) // the caller saves the finished one
        {
            using var averaged = training.LendAverage();
            saveModel(summarize());
        }
    }

    /// <summary>Shows what is due at the end; shares of a budget end with a grid, also where the run does not reach the end of its budget.</summary>
    public void TakeLast(int step, bool hasStepped)
    {
        if (_grid is { } options && (options.EveryFraction is null ? step % options.EverySteps == 0 : hasStepped && _stepShown != step))
        {
            Show(options, step);
        }
    }

    private void Show(SampleGridOptions options, int step)
    {
        _stepShown = step;
        using var averaged = training.LendAverage();
        try
        {
            new SampleGridPainter(run, options, cancellation).Show(step);
        }
        catch (OperationCanceledException) when (run.Group.Processes is not null && cancellation.IsRequested)
        {
            // The other processes are in the next step, with which this one tells them.
        }
    }
}
