using Microsoft.ML.Diffusion.Training.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Keeps the checkpoints of the run at hand.</summary>
/// <param name="folder">Where.</param>
/// <param name="identity">The identity of the run at hand.</param>
/// <param name="resumed">The one to go on from; null to start.</param>
/// <param name="warn">Is told of a checkpoint that could not be written.</param>
internal sealed class RunCheckpoints(CheckpointFolder folder, RunIdentity identity, Checkpoint? resumed, Action<string> warn)
{
    private const string BestName = "best";
    private const string HistorySquaresName = "loss_squares";
    private const string HistoryCountsName = "loss_counts";

    private int _savedStep = resumed?.State.Step ?? -1;

    /// <summary>Brings a run to where the checkpoint left it.</summary>
    /// <returns>Its state; null if there is nothing to go on from.</returns>
    public CheckpointState? Restore(TrainingStep training, ValidationRecord validation)
    {
        if (resumed is null)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        foreach (var (name, value) in training.Optimizer.State)
        {
            resumed.CopyTo(name, value);
        }

        training.Optimizer.Refresh();
        if (training.History is { } history)
        {
            var (squares, counts) = (tensor(history.Squares), tensor(history.Counts));
            resumed.CopyTo(HistorySquaresName, squares);
            resumed.CopyTo(HistoryCountsName, counts);
            history.Restore(squares.data<double>().ToArray(), counts.data<int>().ToArray());
        }

        Tensor? best = null;
        if (resumed.Contains(BestName))
        {
            best = empty_like(AveragedWeights.Average(training.Optimizer), device: CPU);
            resumed.CopyTo(BestName, best);
        }

        validation.Restore(resumed.State.Validation, best);
        return resumed.State;
    }

    /// <summary>Writes a checkpoint, unless there is one of this step.</summary>
    /// <remarks>A disk that is full for a while ends no run: the steps taken are worth more than the file, and the next may be written.</remarks>
    public void Save(long seed, int step, TrainingStep training, MeterState meter, ValidationRecord validation)
    {
        if (step == _savedStep)
        {
            return;
        }

        using var scope = NewDisposeScope();
        List<(string, Tensor)> tensors = [.. training.Optimizer.State];
        if (training.History is { } history)
        {
            tensors.Add((HistorySquaresName, tensor(history.Squares)));
            tensors.Add((HistoryCountsName, tensor(history.Counts)));
        }

        if (validation.BestWeights is { } best)
        {
            tensors.Add((BestName, best));
        }

        try
        {
            folder.Save(new CheckpointState(seed, step, meter, validation.State), identity, tensors);
            _savedStep = step;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            warn($"The checkpoint of step {step} is not written, and training goes on without it. {exception.Message}");
        }
    }
}
