using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Keeps the checkpoints of the run at hand.</summary>
/// <param name="folder">Where.</param>
/// <param name="identity">The identity of the run at hand.</param>
/// <param name="resumed">The one to go on from; null to start.</param>
/// <param name="warn">Is told of a checkpoint that could not be written.</param>
internal sealed class RunCheckpoints(CheckpointFolder folder, RunIdentity identity, Checkpoint? resumed, Action<string> warn)
{
    private const string BestName = "best";
    private const string UpdatesName = "updates";
    private const string HistorySquaresName = "loss_squares";
    private const string HistoryCountsName = "loss_counts";

    private static readonly (string Name, TrainingBuffer Buffer)[] _buffers =
    [
        ("weights", TrainingBuffer.Weights),
        ("first_moments", TrainingBuffer.FirstMoments),
        ("second_moments", TrainingBuffer.SecondMoments),
        ("average", TrainingBuffer.Average),
    ];

    private int _savedStep = resumed?.State.Step ?? -1;

    /// <summary>The bytes of what an optimizer knows of a network.</summary>
    /// <param name="length">The numbers of a buffer.</param>
    public static long OptimizerBytes(long length) => _buffers.Length * length * sizeof(float);

    /// <summary>Brings a run to where the checkpoint left it.</summary>
    /// <returns>Its state; null if there is nothing to go on from.</returns>
    public CheckpointState? Restore(TrainingStep training, ValidationRecord validation)
    {
        if (resumed is null)
        {
            return null;
        }

        foreach (var (name, buffer) in _buffers)
        {
            training.Optimizer.Write(buffer, Stored<float>(name, training.Length));
        }

        training.Optimizer.Updates = (long)Stored<double>(UpdatesName, 1)[0];
        training.History?.Restore(
            Stored<double>(HistorySquaresName, training.History.Squares.Length),
            Stored<int>(HistoryCountsName, training.History.Counts.Length));
        validation.Restore(
            resumed.State.Validation,
            resumed.Contains(BestName) ? Stored<float>(BestName, training.Length) : null);
        return resumed.State;

        T[] Stored<T>(string name, int count)
            where T : unmanaged
        {
            var numbers = new T[count];
            resumed.CopyTo<T>(name, numbers);
            return numbers;
        }
    }

    /// <summary>Writes a checkpoint, unless there is one of this step.</summary>
    /// <remarks>A disk that is full for a while ends no run: the steps taken are worth more than the file, and the next may be written.</remarks>
    public void Save(long seed, int step, TrainingStep training, MeterState meter, ValidationRecord validation)
    {
        if (step == _savedStep)
        {
            return;
        }

        var tensors = Optimizer(training);
        if (training.History is { } history)
        {
            tensors.Add(CheckpointNumbers.Of(HistorySquaresName, history.Squares));
            tensors.Add(CheckpointNumbers.Of(HistoryCountsName, history.Counts));
        }

        if (validation.BestWeights is { } best)
        {
            tensors.Add(CheckpointNumbers.Of(BestName, best));
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

    // One buffer after another, in memory of one.
    private static List<CheckpointNumbers> Optimizer(TrainingStep training)
    {
        var numbers = new float[training.Length];
        return
        [
            .. _buffers.Select(entry => CheckpointNumbers.Of(entry.Name, numbers) with
            {
                Content = write =>
                {
                    training.Optimizer.Read(entry.Buffer, numbers);
                    NumberBytes.Read<float>(numbers, write);
                },
            }),
            CheckpointNumbers.Of(UpdatesName, (double)training.Optimizer.Updates),
        ];
    }
}
