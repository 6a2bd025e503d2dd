using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>A batch of images that whoever listens to <see cref="DiffusionTelemetry"/> hears of, from its start until it is disposed.</summary>
internal sealed class MeasuredBatch : IDisposable
{
    private static readonly Counter<long> _generated = DiffusionTelemetry.Meter.CreateCounter<long>(
        "diffusion.generation.images",
        "{image}",
        "Images generated.");

    private static readonly Histogram<double> _durations = DiffusionTelemetry.Meter.CreateHistogram(
        "diffusion.generation.batch.duration",
        "s",
        "How long batches of images take.",
        advice: DiffusionTelemetry.Seconds);

    private readonly Sampler _sampler;
    private readonly int _images;
    private readonly long _start;
    private readonly Activity? _activity;
    private bool _isDone;

    private MeasuredBatch(Sampler sampler, int images, Activity? activity) =>
        (_sampler, _images, _activity, _start) = (sampler, images, activity, Stopwatch.GetTimestamp());

    /// <param name="sampler">How it is generated.</param>
    /// <param name="steps">In how many steps.</param>
    /// <param name="images">How many images are wanted of it.</param>
    public static MeasuredBatch Start(Sampler sampler, int steps, int images)
    {
        var activity = DiffusionTelemetry.Source.StartActivity("diffusion.generate");
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("diffusion.sampler", NameOf(sampler)).SetTag("diffusion.steps", steps).SetTag("diffusion.images", images);
        }

        return new MeasuredBatch(sampler, images, activity);
    }

    /// <summary>Tells that it came to its end.</summary>
    public void Done()
    {
        _isDone = true;
        if (_generated.Enabled || _durations.Enabled)
        {
            var tag = new KeyValuePair<string, object?>("diffusion.sampler", NameOf(_sampler));
            _generated.Add(_images, tag);
            _durations.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, tag);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDone)
        {
            _activity?.SetStatus(ActivityStatusCode.Error, "cancelled or failed");
        }

        _activity?.Dispose();
    }

    private static string NameOf(Sampler sampler) => sampler.GetType().Name;
}
