using System.Diagnostics;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Measures a run between two reports.</summary>
/// <param name="batchSize">Images of one step.</param>
/// <param name="numberOfImages">Images of one epoch.</param>
/// <param name="start">What was counted before the run was resumed.</param>
internal sealed class TrainingMeter(int batchSize, int numberOfImages, MeterState start)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TimeSpan _earlier = TimeSpan.FromSeconds(start.Seconds);
    private MeterState _counts = start;
    private TimeSpan _lastReport;
    private int _stepsBeforeResuming = start.StepsSinceReport;

    /// <summary>The time, that before the run was resumed included.</summary>
    public TimeSpan Elapsed => _earlier + _clock.Elapsed;

    public MeterState State => _counts with { Seconds = Elapsed.TotalSeconds };

    /// <param name="totals">The steps since the last call.</param>
    public void Add(LossTotals totals) => _counts = _counts with
    {
        StepsSinceReport = _counts.StepsSinceReport + totals.Taken + totals.Skipped,
        LossSum = _counts.LossSum + totals.Sum,
        LossCount = _counts.LossCount + totals.Taken,
        Skipped = _counts.Skipped + totals.Skipped,
        SkippedInARow = totals.Taken > 0 ? totals.SkippedLast : _counts.SkippedInARow + totals.Skipped,
        LastLoss = totals.Taken > 0 ? totals.LastLoss : _counts.LastLoss,
    };

    public TrainingProgress Report(int step, double fraction, double learningRate, double? validationLoss)
    {
        var now = _clock.Elapsed;
        var loss = _counts switch
        {
            { LossCount: > 0 } => _counts.LossSum / _counts.LossCount,
            { StepsSinceReport: > 0 } => double.NaN,
            _ => _counts.ReportedLoss,
        };
        var progress = new TrainingProgress(
            step,
            (double)step * batchSize / numberOfImages,
            Math.Min(1, fraction),
            loss,
            learningRate,
            (_counts.StepsSinceReport - _stepsBeforeResuming) * batchSize / (now - _lastReport).TotalSeconds,
            Elapsed,
            _counts.Skipped,
            validationLoss);
        (_lastReport, _stepsBeforeResuming) = (now, 0);
        _counts = _counts with { LossSum = 0, LossCount = 0, StepsSinceReport = 0, ReportedLoss = loss };
        return progress;
    }
}
