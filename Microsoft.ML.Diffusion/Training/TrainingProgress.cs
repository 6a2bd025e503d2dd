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

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"step {Step}, epoch {Epoch:F2}, loss {Loss:F4}{(ValidationLoss is { } validation ? string.Create(CultureInfo.InvariantCulture, $", validation loss {validation:F4}") : "")}, learning rate {LearningRate:G3}, {ImagesPerSecond:F0} images/s, {TimeText.Of(Remaining)} left{(SkippedSteps > 0 ? $", {SkippedSteps} steps skipped" : "")}");
}
