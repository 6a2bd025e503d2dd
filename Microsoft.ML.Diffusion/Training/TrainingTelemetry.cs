using System.Diagnostics.Metrics;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What <see cref="DiffusionTelemetry"/> says of training runs.</summary>
internal static class TrainingTelemetry
{
    private static readonly Counter<long> _steps =
        DiffusionTelemetry.Meter.CreateCounter<long>("diffusion.training.steps", "{step}", "Steps that training took.");

    private static readonly Counter<long> _images =
        DiffusionTelemetry.Meter.CreateCounter<long>("diffusion.training.images", "{image}", "Images that training learned from.");

    private static readonly Gauge<double> _loss =
        DiffusionTelemetry.Meter.CreateGauge<double>("diffusion.training.loss", "1", "The loss of the last step.");

    /// <summary>Tells of a step.</summary>
    /// <param name="images">The images of its batch.</param>
    /// <param name="loss">Its loss; null if it had no effect, because a number was not finite.</param>
    public static void Add(int images, double? loss)
    {
        _steps.Add(1);
        _images.Add(images);
        if (loss is { } value)
        {
            _loss.Record(value);
        }
    }
}
