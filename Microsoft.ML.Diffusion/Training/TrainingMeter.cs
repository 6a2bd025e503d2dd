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
    private TimeSpan _lastTold;
    private int _stepsBeforeResuming = start.StepsSinceReport;

    /// <summary>The time, that before the run was resumed included.</summary>
    public TimeSpan Elapsed => _earlier + _clock.Elapsed;

    /// <summary>Stands still until <see cref="Resume"/>: time that is waited is no time of training.</summary>
    public void Pause() => _clock.Stop();

    /// <summary>Goes on.</summary>
    public void Resume() => _clock.Start();

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

    /// <summary>How long nothing was reported.</summary>
    public TimeSpan SinceReport => _clock.Elapsed - _lastTold;

    /// <summary>Tells where the run stands, and begins to measure anew.</summary>
    public TrainingProgress Report(RunPlace place)
    {
        var progress = Peek(place);
        (_lastReport, _stepsBeforeResuming) = (_lastTold, 0);
        _counts = _counts with { LossSum = 0, LossCount = 0, StepsSinceReport = 0, ReportedLoss = progress.Loss };
        return progress;
    }

    /// <summary>Tells where the run stands, and measures on: what the next report says is the same with it and without.</summary>
    public TrainingProgress Peek(RunPlace place)
    {
        _lastTold = _clock.Elapsed;
        var loss = _counts switch
        {
            { LossCount: > 0 } => _counts.LossSum / _counts.LossCount,
            { StepsSinceReport: > 0 } => double.NaN,
            _ => _counts.ReportedLoss,
        };
        return new TrainingProgress(
            place.Step,
            (double)place.Step * batchSize / numberOfImages,
            Math.Min(1, place.Fraction),
            loss,
            place.LearningRate,
            (_counts.StepsSinceReport - _stepsBeforeResuming) * batchSize / (_lastTold - _lastReport).TotalSeconds,
            Elapsed,
            _counts.Skipped,
            place.ValidationLoss)
        {
            IsFirst = place.IsFirst,
            IsLast = place.IsLast,
            IsTimed = place.IsTimed,
            IsPaused = place.IsPaused,
        };
    }
}

/// <summary>Where a run stands, besides what a meter knows.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Fraction">The share of the budget that is over.</param>
/// <param name="LearningRate">The rate of the last step.</param>
/// <param name="ValidationLoss">The last validation's; null without.</param>
internal readonly record struct RunPlace(int Step, double Fraction, double LearningRate, double? ValidationLoss)
{
    /// <inheritdoc cref="TrainingProgress.IsFirst"/>
    public bool IsFirst { get; init; }

    /// <inheritdoc cref="TrainingProgress.IsLast"/>
    public bool IsLast { get; init; }

    /// <inheritdoc cref="TrainingProgress.IsTimed"/>
    public bool IsTimed { get; init; }

    /// <inheritdoc cref="TrainingProgress.IsPaused"/>
    public bool IsPaused { get; init; }
}
