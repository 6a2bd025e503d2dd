using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>What these programs say of a training that is over.</summary>
public static class RunTexts
{
    /// <summary>Tells in a line how a training went.</summary>
    public static string Describe(TrainingSummary training)
    {
        ArgumentNullException.ThrowIfNull(training);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"learned from {training.Images:N0} pictures in {training.Steps:N0} steps of {training.BatchSize}, {training.Steps * (double)training.BatchSize / training.Seconds:F0} images/s, last loss {training.FinalLoss:F4}, {training.SkippedSteps} steps skipped");
    }

    /// <summary>Tells a length of time, such as 04:05:06 or 3 days 04:05:06.</summary>
    public static string Time(TimeSpan time) => TimeText.Of(time);
}
