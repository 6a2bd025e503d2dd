using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>What the library measures for OpenTelemetry, <c>dotnet-counters</c> and whoever else listens; while nobody does, it costs nothing.</summary>
/// <remarks>
/// <para>
/// Metrics: <c>diffusion.generation.images</c>, the images generated; <c>diffusion.generation.batch.duration</c>, the seconds that a batch took, both with the
/// tag <c>diffusion.sampler</c>; <c>diffusion.queue.length</c>, the images that wait for all of the process's <see cref="BatchingGenerator"/>, and
/// <c>diffusion.queue.duration</c>, the seconds that each waited; <c>diffusion.training.steps</c> and <c>diffusion.training.images</c>, the steps that runs took
/// and the images of their batches, whose rate is the images of a second; <c>diffusion.training.loss</c>, the loss of the last step.
/// </para>
/// <para>
/// Activities: <c>diffusion.generate</c> for each batch of images, with the tags <c>diffusion.sampler</c>, <c>diffusion.steps</c> and <c>diffusion.images</c>;
/// around it <c>diffusion.batch</c> where a <see cref="BatchingGenerator"/> joined it, with links to the activities that its requests came from.
/// </para>
/// </remarks>
public static class DiffusionTelemetry
{
    /// <summary>The name of the meter and of the source of activities: what <c>AddMeter</c> and <c>AddSource</c> of OpenTelemetry take.</summary>
    public const string Name = "Microsoft.ML.Diffusion";

    /// <summary>The source of all activities.</summary>
    internal static ActivitySource Source { get; } = new(Name, AssemblyVersion.NumberOf(typeof(DiffusionTelemetry)));

    /// <summary>The meter of all instruments.</summary>
    internal static Meter Meter { get; } = new(Name, AssemblyVersion.NumberOf(typeof(DiffusionTelemetry)));

    // What a histogram of seconds counts by, unless its reader says otherwise: OpenTelemetry's own steps are for milliseconds.
    internal static InstrumentAdvice<double> Seconds { get; } = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100],
    };
}
