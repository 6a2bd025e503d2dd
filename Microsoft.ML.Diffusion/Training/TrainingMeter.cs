using System.Diagnostics;

namespace Microsoft.ML.Diffusion;

/// <summary>Measures a run between two reports.</summary>
internal sealed class TrainingMeter(int batchSize, int numberOfImages)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _lastReport;
    private double _lossSum;
    private int _lossCount;
    private int _stepsSinceReport;
    private int _skipped;

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <param name="loss">The step's loss; null if the step was skipped.</param>
    public void Add(double? loss)
    {
        _stepsSinceReport++;
        if (loss is { } value)
        {
            _lossSum += value;
            _lossCount++;
        }
        else
        {
            _skipped++;
        }
    }

    public TrainingProgress Report(int step, double fraction, double learningRate)
    {
        var now = Elapsed;
        var progress = new TrainingProgress(
            step,
            (double)step * batchSize / numberOfImages,
            Math.Min(1, fraction),
            _lossCount > 0 ? _lossSum / _lossCount : double.NaN,
            learningRate,
            _stepsSinceReport * batchSize / (now - _lastReport).TotalSeconds,
            now,
            _skipped);
        (_lastReport, _lossSum, _lossCount, _stepsSinceReport) = (now, 0, 0, 0);
        return progress;
    }
}
