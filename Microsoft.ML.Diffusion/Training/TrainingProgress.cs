using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>Where a training run stands.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Epoch">Passes over the images done, with fraction.</param>
/// <param name="Fraction">Share of the budget spent, 0..1.</param>
/// <param name="Loss">Mean loss of the steps since the last report.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ImagesPerSecond">Training speed since the last report.</param>
/// <param name="Elapsed">Time since the first step began.</param>
/// <param name="SkippedSteps">Steps without effect so far, because their loss or gradient was not a finite number.</param>
/// <param name="ValidationLoss">Loss of the last validation; <see langword="null"/> before the first, and without validation images.</param>
public sealed record TrainingProgress(
    int Step,
    double Epoch,
    double Fraction,
    double Loss,
    double LearningRate,
    double ImagesPerSecond,
    TimeSpan Elapsed,
    int SkippedSteps,
    double? ValidationLoss = null)
{
    /// <summary>Gets the estimated time to the end of the run.</summary>
    public TimeSpan Remaining => Fraction > 0 ? Elapsed * ((1 - Fraction) / Fraction) : TimeSpan.Zero;

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"step {Step}, epoch {Epoch:F2}, loss {Loss:F4}{(ValidationLoss is { } validation ? string.Create(CultureInfo.InvariantCulture, $", validation loss {validation:F4}") : "")}, learning rate {LearningRate:G3}, {ImagesPerSecond:F0} images/s, {TimeText.Of(Remaining)} left{(SkippedSteps > 0 ? $", {SkippedSteps} steps skipped" : "")}");
}
