namespace Microsoft.ML.Diffusion.Training;

/// <summary>Adds up the losses of steps until somebody reads them.</summary>
internal sealed class LossMeter
{
    private LossTotals _totals;

    /// <param name="loss">Loss of a step.</param>
    /// <param name="isTaken">Whether it was taken; otherwise it had no effect.</param>
    public void Add(double loss, bool isTaken) => _totals = isTaken
        ? _totals with { Sum = _totals.Sum + loss, Taken = _totals.Taken + 1, SkippedLast = 0, LastLoss = loss }
        : _totals with { Skipped = _totals.Skipped + 1, SkippedLast = _totals.SkippedLast + 1 };

    /// <summary>What was added; starts anew.</summary>
    public LossTotals Read()
    {
        var totals = _totals;
        _totals = default;
        return totals;
    }
}

/// <summary>What happened since the last reading.</summary>
/// <param name="Sum">Sum of the losses of the steps that were taken.</param>
/// <param name="Taken">Their number.</param>
/// <param name="Skipped">Steps without effect, because a number was not finite.</param>
/// <param name="SkippedLast">How many of those came after the last step taken.</param>
/// <param name="LastLoss">The loss of the last step taken; 0 if there was none.</param>
internal readonly record struct LossTotals(double Sum, int Taken, int Skipped, int SkippedLast, double LastLoss);
