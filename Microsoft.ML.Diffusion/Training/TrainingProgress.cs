using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>Where a training run stands.</summary>
public sealed class TrainingProgress
{
    internal TrainingProgress(
        int step,
        double epoch,
        double fraction,
        double loss,
        double learningRate,
        double imagesPerSecond,
        TimeSpan elapsed,
        int skippedSteps,
        double? validationLoss = null)
    {
        Step = step;
        Epoch = epoch;
        Fraction = fraction;
        Loss = loss;
        LearningRate = learningRate;
        ImagesPerSecond = imagesPerSecond;
        Elapsed = elapsed;
        SkippedSteps = skippedSteps;
        ValidationLoss = validationLoss;
    }

    /// <summary>Gets the number of optimizer steps done.</summary>
    public int Step { get; }

    /// <summary>Gets the passes over the images done, with fraction.</summary>
    public double Epoch { get; }

    /// <summary>Gets the share of the budget spent, 0..1.</summary>
    public double Fraction { get; }

    /// <summary>Gets the mean loss of the steps since the last report.</summary>
    public double Loss { get; }

    /// <summary>Gets the learning rate of the last step.</summary>
    public double LearningRate { get; }

    /// <summary>Gets the training speed since the last report.</summary>
    public double ImagesPerSecond { get; }

    /// <summary>Gets the time since the first step began.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>Gets the number of steps without effect so far, because their loss or gradient was not a finite number.</summary>
    public int SkippedSteps { get; }

    /// <summary>Gets the loss of the last validation; <see langword="null"/> before the first, and without validation images.</summary>
    public double? ValidationLoss { get; }

    /// <summary>Gets the estimated time to the end of the run.</summary>
    public TimeSpan Remaining => Fraction > 0 ? Elapsed * ((1 - Fraction) / Fraction) : TimeSpan.Zero;

    /// <summary>Gets the number of steps that the run is to take in all; where time limits it, estimated from those done.</summary>
    public int ExpectedSteps => Fraction > 0 ? Math.Max(Step, (int)Math.Min(int.MaxValue, Math.Round(Step / Fraction))) : Step;

    /// <summary>Gets whether the run waits from here on, because <see cref="TrainingOptions.Pause"/> asks it to.</summary>
    public bool IsPaused { get; internal init; }

    /// <summary>Whether this is told after the first step of a call of <c>Fit</c>.</summary>
    internal bool IsFirst { get; init; }

    /// <summary>Whether the run is over.</summary>
    internal bool IsLast { get; init; }

    /// <summary>Whether time decides when the run ends.</summary>
    internal bool IsTimed { get; init; }

    /// <summary>What stands beside a bar: the share that is done is in the bar.</summary>
    internal string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"step {Step} of {Expected}  loss {Loss:F4}{Validation("  validation")}  {ImagesPerSecond:F0} images/s  {TimeText.Of(Remaining)} left{Skipped("  ")}{(IsPaused ? "  paused" : "")}");

    private string Expected => string.Create(CultureInfo.InvariantCulture, $"{(IsTimed && !IsLast ? "about " : "")}{ExpectedSteps}");

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"step {Step} of {Expected} ({Math.Floor(100 * Fraction)} %), epoch {Epoch:F2}, loss {Loss:F4}{Validation(", validation loss")}, learning rate {LearningRate:G3}, {ImagesPerSecond:F0} images/s, {TimeText.Of(Remaining)} left{Skipped(", ")}{(IsPaused ? ", paused" : "")}");

    /// <summary>Whether a text is that of such a report.</summary>
    internal static bool IsText(string text) => text.StartsWith("step ", StringComparison.Ordinal);

    private string Validation(string name) =>
        ValidationLoss is { } loss ? string.Create(CultureInfo.InvariantCulture, $"{name} {loss:F4}") : "";

    private string Skipped(string separator) =>
        SkippedSteps > 0 ? string.Create(CultureInfo.InvariantCulture, $"{separator}{SkippedSteps} steps skipped") : "";
}
