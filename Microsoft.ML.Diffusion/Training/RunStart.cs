using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Brings the processes of a run to the same start: that of the first, which alone reads checkpoints.</summary>
internal static class RunStart
{
    /// <summary>Gives all processes what the first knows.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="state">What the first one's checkpoint says of the run; null to start.</param>
    /// <param name="training">As the first one restored it.</param>
    /// <param name="validations">As the first one restored it.</param>
    /// <returns>The state of all.</returns>
    public static CheckpointState? Share(RunGroup group, CheckpointState? state, TrainingStep training, ValidationRecord validations)
    {
        var text = group.OfFirst("checkpoints", () => state?.ToJson());
        group.Start();
        if (group.Processes is not { } processes)
        {
            return state;
        }

        var numbers = new float[training.Length];
        foreach (var buffer in Enum.GetValues<TrainingBuffer>())
        {
            training.Optimizer.Read(buffer, numbers);
            processes.Broadcast<float>(numbers);
            training.Optimizer.Write(buffer, numbers);
        }

        long[] updates = [training.Optimizer.Updates];
        processes.Broadcast<long>(updates);
        training.Optimizer.Updates = updates[0];
        if (training.History is { } history)
        {
            processes.Broadcast<double>(history.Squares);
            processes.Broadcast<int>(history.Counts);
            history.Restore([.. history.Squares], [.. history.Counts]);
        }

        int[] hasBest = [validations.BestWeights is null ? 0 : 1];
        processes.Broadcast<int>(hasBest);
        if (hasBest[0] != 0)
        {
            var best = validations.BestWeights ?? numbers;
            processes.Broadcast<float>(best);
            validations.Restore(validations.State, best);
        }

        var shared = text is null ? null : CheckpointState.FromJson(text);
        validations.Restore(shared?.Validation ?? validations.State, validations.BestWeights);
        return shared;
    }
}
