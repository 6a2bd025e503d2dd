using Microsoft.ML.Diffusion.Training.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Remembers how validation went: the best weights, and whether it is time to stop.</summary>
internal sealed class ValidationRecord(ValidationOptions options) : IDisposable
{
    /// <summary>The averaged weights of the lowest loss; null if they are not kept.</summary>
    public Tensor? BestWeights { get; private set; }

    public ValidationState State { get; private set; } = new();

    public double? LastLoss => State.LastStep >= 0 ? State.LastLoss : null;

    public bool IsExhausted => State.SinceBest >= options.Patience;

    /// <summary>Takes down a validation, and a copy of the average if it is the best so far.</summary>
    public void Add(int step, double loss, Tensor average)
    {
        var isBest = loss < State.BestLoss; // no number is never the best
        State = isBest
            ? new ValidationState(step, loss, loss, step, 0)
            : State with { LastStep = step, LastLoss = loss, SinceBest = State.SinceBest + 1 };
        if (isBest && options.KeepBest)
        {
            Remember(average);
        }
    }

    /// <summary>Goes on from a checkpoint.</summary>
    /// <param name="state">Its state.</param>
    /// <param name="best">A tensor with the best weights in it, copied; null if there are none.</param>
    public void Restore(ValidationState state, Tensor? best)
    {
        State = state;
        if (best is not null)
        {
            Remember(best);
        }
    }

    public void Dispose() => BestWeights?.Dispose();

    private void Remember(Tensor weights)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        BestWeights?.Dispose();
        BestWeights = weights.detach().cpu().clone().DetachFromDisposeScope(); // off the device, which may have no room to spare
    }
}
