namespace Microsoft.ML.Diffusion.Training;

/// <summary>The progress of several runs, one after another, as that of one.</summary>
/// <param name="progress">Who is told; null for nobody.</param>
/// <param name="stages">How many runs there are, each of an equal share of the whole.</param>
internal sealed class StagesProgress(IProgress<TrainingProgress>? progress, int stages)
{
    private readonly List<TrainingSummary> _done = [];

    /// <summary>What the runs that are over were, as one: its loss and options are those of the last.</summary>
    public TrainingSummary Summary => new(
        _done[^1].Images,
        _done.Sum(stage => stage.Steps),
        _done[^1].BatchSize,
        _done[^1].FinalLoss,
        _done.Sum(stage => stage.SkippedSteps),
        _done.Sum(stage => stage.Seconds),
        _done[0].Seed,
        _done[^1].ValidationLoss,
        _done[^1].ModelStep is { } step ? _done.SkipLast(1).Sum(stage => stage.Steps) + step : null,
        _done[^1].End)
    {
        Options = _done[^1].Options,
        Versions = _done[^1].Versions,
    };

    /// <summary>The receiver of a run.</summary>
    /// <param name="stage">Its number, from 0; those before it are over.</param>
    public IProgress<TrainingProgress>? Of(int stage) => progress is null ? null : new Stage(this, stage);

    /// <summary>Counts a run that is over.</summary>
    public void Add(TrainingSummary summary) => _done.Add(summary);

    private void Report(int stage, TrainingProgress value)
    {
        var steps = _done.Sum(each => each.Steps);
        progress!.Report(new TrainingProgress(
            steps + value.Step,
            value.Epoch + _done.Sum(each => (double)each.Steps * each.BatchSize / each.Images),
            (stage + value.Fraction) / stages,
            value.Loss,
            value.LearningRate,
            value.ImagesPerSecond,
            value.Elapsed + TimeSpan.FromSeconds(_done.Sum(each => each.Seconds)),
            value.SkippedSteps + _done.Sum(each => each.SkippedSteps),
            value.ValidationLoss)
        {
            IsFirst = value.IsFirst && stage == 0,
            IsLast = value.IsLast && stage + 1 == stages,
            IsTimed = value.IsTimed,
        });
    }

    // Tells at once, on the thread that trains, as the run itself does.
    private sealed class Stage(StagesProgress all, int stage) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => all.Report(stage, value);
    }
}
