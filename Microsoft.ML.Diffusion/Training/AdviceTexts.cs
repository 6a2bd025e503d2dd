using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What is said of runs that cannot come to anything: numbers, and what to change.</summary>
internal static class AdviceTexts
{
    /// <summary>Fewer steps seldom give images that one recognizes, of simple shapes aside.</summary>
    public const int FewSteps = 1000;

    /// <summary>Images that are seen as often or more may be learned by heart, unless they are changed each time.</summary>
    public const int OftenSeen = 300;

    /// <summary>The same, if they are changed: 200 emoji were learned by heart from some 650 times on, told by those held out at 1,400.</summary>
    private const int OftenSeenChanged = 1200;

    private const int FewToHoldOut = 10; // of fewer a tenth is none

    private const double WarmupShare = 0.1;
    private const double UsualRate = 5e-3; // what is above is taken to be wrong by a digit

    private static readonly OptionName _batchSize = new(nameof(TrainingOptions.BatchSize));
    private static readonly OptionName _duration = new(nameof(TrainingOptions.Duration));
    private static readonly OptionName _learningRate = new(nameof(TrainingOptions.LearningRate));
    private static readonly OptionName _warmupSteps = new(nameof(TrainingOptions.WarmupSteps));

    /// <summary>Of a training set that is smaller than a batch.</summary>
    public static OptionText FewImages(int images, int batchSize) =>
        $"There are fewer images ({images}) than {_batchSize} ({batchSize}), so that each step sees the same ones again and takes the time of {batchSize}. Set {_batchSize} to {images} or less: there are more steps in the same time.";

    /// <summary>Of a run whose warm-up is half of it or more, or that is short; null for others.</summary>
    /// <param name="steps">The steps of the run.</param>
    /// <param name="isEstimated">Whether they are estimated.</param>
    /// <param name="warmup">The steps of its warm-up.</param>
    /// <param name="isFineTuned">Whether it starts from a trained model.</param>
    /// <param name="need">How to have more steps.</param>
    public static OptionText? Length(int steps, bool isEstimated, int warmup, bool isFineTuned, OptionText need)
    {
        var isShort = steps < FewSteps && !isFineTuned;
        var told = isEstimated ? $"about {Rounded(steps)}" : FormattableString.Invariant($"{steps}");
        if (warmup > 0 && 2L * warmup >= steps)
        {
            OptionText more = $" The run is too short besides: {need}.";
            return $"Of the {told} steps of this run, {Math.Min(warmup, steps)} are its warm-up, in which the learning rate is low: it learns next to nothing. Set {_warmupSteps} to {Math.Max(1, (int)(WarmupShare * steps))}.{(isShort ? more : OptionText.Of(""))}";
        }

        return isShort ? Short(told, need) : null;
    }

    /// <summary>Of a run that may learn its images by heart, and would not notice; null for others.</summary>
    /// <param name="images">The images to learn from.</param>
    /// <param name="times">How often each is seen.</param>
    /// <param name="areChanged">Whether each is changed a little each time, which makes it later.</param>
    public static OptionText? Unwatched(int images, long times, bool areChanged)
    {
        if (times < (areChanged ? OftenSeenChanged : OftenSeen))
        {
            return null;
        }

        var share = new OptionName($"{nameof(TrainingOptions.Validation)}.{nameof(ValidationOptions.Share)}");
        OptionText other =
            areChanged ? (OptionText)$"look for copies afterwards" : $"set {new OptionName(nameof(TrainingOptions.Augmentation))}, which makes it later";
        OptionText one = images < FewToHoldOut ? (OptionText)$"" : $"set {share} to 0.1, or ";
        return $"Each of the {images} images will be seen about {Rounded(times)} times{(areChanged ? ", though changed a little" : "")}, and none is held out to tell when they are learned by heart: {one}{other}.";
    }

    /// <summary>How a run with a budget of time has more steps.</summary>
    public static OptionText MoreTime() =>
        $"raise {_duration}, or lower {_batchSize} or {new OptionName($"{nameof(DiffusionOptions.Network)}.{nameof(UNetOptions.BaseChannels)}")}, which makes steps faster";

    /// <summary>How a run with a counted budget has more steps.</summary>
    public static OptionText MoreSteps(TrainingOptions options, int numberOfImages)
    {
        var budget = new TrainingBudget(options with { Duration = null }, numberOfImages).Steps;
        if (options.NumberOfSteps == budget)
        {
            return $"raise {new OptionName(nameof(TrainingOptions.NumberOfSteps))}";
        }

        var name = options.NumberOfEpochs is { } epochs && (options.NumberOfImages ?? long.MaxValue) >= (long)epochs * numberOfImages
            ? nameof(TrainingOptions.NumberOfEpochs)
            : nameof(TrainingOptions.NumberOfImages);
        return $"raise {new OptionName(name)}, or lower {_batchSize}";
    }

    /// <summary>Of losses that tell of a wrong rate.</summary>
    /// <param name="finding">What they tell.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="rate">The rate at hand.</param>
    /// <param name="highest">The rate that was asked for.</param>
    public static OptionText Loss(LossFinding finding, int step, double rate, double highest)
    {
        var loss = FormattableString.Invariant($"{finding.Loss:G3}");
        var reference = FormattableString.Invariant($"{finding.Reference:G3}");
        return finding.Kind switch
        {
            LossFindingKind.Flat =>
                $"The loss does not fall: over the last {finding.Steps} of {step} steps it is {loss}, and that of a network that says the same of all images is {reference}. Set {_learningRate} ({highest}) to between 1E-4 and 2E-3; if it is there, look at the images: of noise nothing can be learned.",
            LossFindingKind.High =>
                $"The learning rate is far too high: over the last {finding.Steps} of {step} steps the loss is {loss}, and that of a network that always predicts 0 is {reference}. {Lower(rate, highest)}",
            _ =>
                $"The learning rate is too high: over the last {finding.Steps} of {step} steps the loss is {loss}, and it was {reference} before. {Lower(rate, highest)}",
        };
    }

    /// <summary>Of steps that had no effect.</summary>
    public static OptionText Skipped(int count) =>
        $"{count} of the last steps were skipped, because their loss or gradient was not a finite number. If it goes on, lower {_learningRate}, or raise {_warmupSteps}.";

    private static OptionText Short(string told, OptionText need) =>
        $"This run has {told} steps, and less than {FewSteps} seldom suffice for images that one recognizes: {need}.";

    // Half of a usual rate will do: at it the network has learned, and lost it.
    private static OptionText Lower(double rate, double highest) =>
        $"Stop the run and set {_learningRate} ({highest}, now {rate:G3}) to {highest / (highest > UsualRate ? 10 : 2):G3} or so, or raise {_warmupSteps}.";

    // Of an estimate two digits are worth telling.
    private static string Rounded(long steps)
    {
        var unit = (long)Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(1, steps))) - 1));
        return FormattableString.Invariant($"{(long)Math.Round((double)steps / unit) * unit}");
    }
}
