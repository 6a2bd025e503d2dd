using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Warns, with the fix, of a run that cannot come to anything: what it is told of a run decides alone what it says, each thing once.</summary>
/// <param name="options">How the run is trained.</param>
/// <param name="numberOfImages">The images to learn from.</param>
/// <param name="isFineTuned">Whether it starts from a trained model: then few steps are meant.</param>
/// <param name="isWatched">Whether others tell when images are learned by heart, or a teacher is learned from instead.</param>
/// <param name="blind">The losses of networks that do not look at x_t; null where losses cannot be judged.</param>
/// <param name="warn">Is told.</param>
internal sealed class RunAdvice(
    TrainingOptions options,
    int numberOfImages,
    bool isFineTuned,
    bool isWatched,
    BlindLoss? blind,
    Action<OptionText> warn)
{
    private const int StepsToMeasure = 20;
    private const double ShareToMeasure = 0.05;

    private static readonly TimeSpan _timeToMeasure = TimeSpan.FromSeconds(5);

    private readonly LossWatch? _losses = blind is { } known ? new(known, options.BatchSize) : null;
    private bool _isLengthKnown;
    private bool _areViewsJudged;
    private int _step;
    private int _stepsHere;
    private TimeSpan _startTime;

    /// <summary>The first step is about to be taken.</summary>
    /// <param name="step">Steps done before the run was resumed.</param>
    /// <param name="elapsed">Their time.</param>
    /// <param name="steps">The steps of the run, if a number limits it.</param>
    public void Start(int step, TimeSpan elapsed, int? steps)
    {
        (_step, _startTime) = (step, elapsed);
        if (numberOfImages < options.BatchSize)
        {
            warn(AdviceTexts.FewImages(numberOfImages, options.BatchSize));
        }

        if (steps is { } count)
        {
            JudgeLength(count, isEstimated: false, isTimed: false);
            if (options.Duration is null)
            {
                JudgeViews(count);
            }
        }
    }

    /// <summary>A step was taken.</summary>
    /// <param name="loss">Its loss; null if it had no effect.</param>
    /// <param name="learningRate">Its rate.</param>
    /// <param name="fraction">The share of the budget that is over.</param>
    /// <param name="elapsed">The time of the run.</param>
    /// <param name="isTimed">Whether time decides when it ends.</param>
    public void Step(double? loss, double learningRate, double fraction, TimeSpan elapsed, bool isTimed)
    {
        _step++;
        _stepsHere++;
        if (options.Duration is not null && fraction < 1 && IsMeasured(elapsed - _startTime))
        {
            Estimate((int)Math.Min(int.MaxValue, _step / fraction), isTimed);
        }

        if (loss is { } value && _losses?.Add(value, isWarm: _step > options.WarmupSteps) is { } finding)
        {
            warn(AdviceTexts.Loss(finding, _step, learningRate, options.LearningRate));
        }
    }

    /// <summary>The budget is spent.</summary>
    /// <param name="isTimed">Whether time decided it.</param>
    public void End(bool isTimed)
    {
        if (isTimed && _stepsHere > 0)
        {
            JudgeLength(_step, isEstimated: false, isTimed);
        }
    }

    private bool IsMeasured(TimeSpan time) =>
        time >= _timeToMeasure && (_stepsHere >= StepsToMeasure || time >= ShareToMeasure * (options.Duration ?? TimeSpan.Zero));

    private void Estimate(int steps, bool isTimed)
    {
        if (!_areViewsJudged)
        {
            JudgeViews(steps);
        }

        if (isTimed && !_isLengthKnown)
        {
            _isLengthKnown = true;
            JudgeLength(steps, isEstimated: true, isTimed);
        }
    }

    private void JudgeLength(int steps, bool isEstimated, bool isTimed)
    {
        var need = isTimed ? AdviceTexts.MoreTime() : AdviceTexts.MoreSteps(options, numberOfImages);
        if (AdviceTexts.Length(steps, isEstimated, options.WarmupSteps, isFineTuned, need) is { } text)
        {
            warn(text);
        }
    }

    private long Views(int steps) => (long)steps * options.BatchSize / numberOfImages;

    private void JudgeViews(int steps)
    {
        _areViewsJudged = true;
        if (!isWatched && AdviceTexts.Unwatched(numberOfImages, Views(steps), options.Augmentation is not null) is { } text)
        {
            warn(text);
        }
    }
}
