using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Remembers how validation went: the best weights, and whether it is time to stop.</summary>
internal sealed class ValidationRecord(ValidationOptions options)
{
    /// <summary>The averaged weights of the lowest loss; null if they are not kept.</summary>
    public float[]? BestWeights { get; private set; }

    public ValidationState State { get; private set; } = new();

    public double? LastLoss => State.LastStep >= 0 ? State.LastLoss : null;

    public bool IsExhausted => State.SinceBest >= options.Patience;

    /// <summary>Takes down a validation, and a copy of the average if it is the best so far.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="training">What has the average.</param>
    /// <param name="length">The numbers of the average.</param>
    public void Add(int step, double loss, NetworkTraining training, int length)
    {
        var isBest = loss < State.BestLoss; // no number is never the best
        State = isBest
            ? new ValidationState(step, loss, loss, step, 0)
            : State with { LastStep = step, LastLoss = loss, SinceBest = State.SinceBest + 1 };
        if (isBest && options.KeepBest)
        {
            BestWeights ??= new float[length]; // off the device, which may have no room to spare
            training.Read(TrainingBuffer.Average, BestWeights);
        }
    }

    /// <summary>Goes on from a checkpoint.</summary>
    /// <param name="state">Its state.</param>
    /// <param name="best">The best weights, which belong to the record from now on; null if there are none.</param>
    public void Restore(ValidationState state, float[]? best) => (State, BestWeights) = (state, best);
}
