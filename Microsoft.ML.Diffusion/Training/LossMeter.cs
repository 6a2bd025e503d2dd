using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Adds up losses on the device, so that the host has to wait for it only to read them.</summary>
internal sealed class LossMeter : IDisposable
{
    // Sum of the losses of the steps taken, their number, steps without effect, how many of those were the last ones, and the last loss of a step taken.
    private readonly Tensor _totals;

    public LossMeter(Device device) => _totals = zeros(5, ScalarType.Float64, device).DetachFromDisposeScope();

    /// <param name="loss">Loss of a step, a scalar.</param>
    /// <param name="taken">1 if the step was taken, 0 if it had no effect, a scalar.</param>
    public void Add(Tensor loss, Tensor taken)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var isTaken = taken.to(ScalarType.Float64);
        var isSkipped = isTaken.Complement();
        var value = where(taken.IsAbove(0), loss.to(ScalarType.Float64), zeros_like(isTaken));
        _totals.mul_(stack([ones_like(isTaken), ones_like(isTaken), ones_like(isTaken), isSkipped, isSkipped]));
        _totals.Add(stack([value, isTaken, isSkipped, isSkipped, value]));
    }

    /// <summary>Waits for the device, and starts anew.</summary>
    public LossTotals Read()
    {
        using var scope = NewDisposeScope();
        var totals = _totals.cpu().data<double>().ToArray();
        _totals.zero_();
        return new LossTotals(totals[0], (int)totals[1], (int)totals[2], (int)totals[3], totals[4]);
    }

    /// <inheritdoc/>
    public void Dispose() => _totals.Dispose();
}

/// <summary>What happened since the last reading.</summary>
/// <param name="Sum">Sum of the losses of the steps that were taken.</param>
/// <param name="Taken">Their number.</param>
/// <param name="Skipped">Steps without effect, because a number was not finite.</param>
/// <param name="SkippedLast">How many of those came after the last step taken.</param>
/// <param name="LastLoss">The loss of the last step taken; 0 if there was none.</param>
internal readonly record struct LossTotals(double Sum, int Taken, int Skipped, int SkippedLast, double LastLoss);
