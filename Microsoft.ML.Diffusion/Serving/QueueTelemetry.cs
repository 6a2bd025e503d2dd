using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Microsoft.ML.Diffusion.Serving;

/// <summary>What <see cref="DiffusionTelemetry"/> says of the queues of the process.</summary>
internal static class QueueTelemetry
{
    private static readonly Histogram<double> _durations = DiffusionTelemetry.Meter.CreateHistogram(
        "diffusion.queue.duration",
        "s",
        "How long images wait before their batch begins.",
        advice: DiffusionTelemetry.Seconds);

    private static int _waiting;

    // Counted whether somebody listens or not: who comes later must not begin at 0.
    static QueueTelemetry() => _ = DiffusionTelemetry.Meter.CreateObservableUpDownCounter(
        "diffusion.queue.length",
        () => Volatile.Read(ref _waiting),
        "{image}",
        "Images that wait.");

    /// <summary>Counts images that come, or with a minus go.</summary>
    public static void Add(int images) => Interlocked.Add(ref _waiting, images);

    /// <summary>Tells of a batch that begins.</summary>
    /// <returns>The activity that goes on until it is disposed; null if nobody listens.</returns>
    public static Activity? Begin(IReadOnlyList<PendingImage> images)
    {
        if (_durations.Enabled)
        {
            foreach (var image in images)
            {
                _durations.Record(Stopwatch.GetElapsedTime(image.Since).TotalSeconds);
            }
        }

        if (!DiffusionTelemetry.Source.HasListeners())
        {
            return null;
        }

        var origins = images.Select(image => image.Origin).OfType<ActivityContext>().Distinct();
        return DiffusionTelemetry.Source.StartActivity(
            ActivityKind.Internal,
            tags: [new("diffusion.images", images.Count)],
            links: [.. origins.Select(origin => new ActivityLink(origin))],
            name: "diffusion.batch");
    }
}
