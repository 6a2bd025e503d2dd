using System.Numerics;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// The forward process of a noise schedule: q(x_t | x_0), q(x_t | x_s), the posterior q(x_s | x_t, x_0), the model's mean and its divergence from the
/// posterior's, and how noise, clean image and v follow from each other. It needs no ML.NET and no network.
/// </summary>
/// <remarks>
/// Timesteps count t = 0..T-1 here, where the papers count 1..T; -1 is before the first step, where alpha-bar is 1 and the image clean. Images are spans
/// of their values, in any order. Coefficients are computed in double.
/// </remarks>
public sealed partial class GaussianDiffusion
{
    /// <summary>Initializes the process.</summary>
    /// <param name="schedule">How much noise each timestep adds.</param>
    /// <param name="prediction">What a network is trained to predict, which <c>Target</c> gives.</param>
    /// <exception cref="ArgumentNullException"><paramref name="schedule"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="prediction"/> is not one of the values.</exception>
    public GaussianDiffusion(NoiseSchedule schedule, PredictionType prediction = PredictionType.Epsilon)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (!Enum.IsDefined(prediction))
        {
            throw new ArgumentOutOfRangeException(nameof(prediction), prediction, "prediction must be Epsilon, Sample or VPrediction.");
        }

        (Schedule, Prediction) = (schedule, prediction);
    }

    /// <summary>Gets the noise schedule.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>Gets what a network is trained to predict.</summary>
    public PredictionType Prediction { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Schedule}, {Prediction} prediction";

    // What the library itself computes with: the same numbers, into buffers of the caller.

    /// <summary>Draws x_t as <see cref="AddNoise{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, int)"/> does.</summary>
    /// <param name="x0">The values of x_0.</param>
    /// <param name="noise">Standard normal values, as many.</param>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <param name="xt">As many values, to be written.</param>
    internal void AddNoise<T>(ReadOnlySpan<T> x0, ReadOnlySpan<T> noise, int timestep, Span<T> xt)
        where T : IFloatingPointIeee754<T>
    {
        var (signalScale, noiseScale) = Scales(timestep);
        for (var i = 0; i < xt.Length; i++)
        {
            xt[i] = T.CreateTruncating((signalScale * double.CreateTruncating(x0[i])) + (noiseScale * double.CreateTruncating(noise[i])));
        }
    }

    /// <summary>Draws x_t for a batch, each image at a timestep of its own.</summary>
    /// <param name="x0">Images.</param>
    /// <param name="noise">Standard normal, as many.</param>
    /// <param name="timesteps">N timesteps in 0..T-1.</param>
    internal Batch AddNoise(Batch x0, Batch noise, ReadOnlySpan<int> timesteps)
    {
        var result = new Batch(x0.Count, x0.Length);
        for (var i = 0; i < x0.Count; i++)
        {
            AddNoise<double>(x0[i], noise[i], timesteps[i], result[i]);
        }

        return result;
    }

    /// <summary>The shares of noise and x_0 in what a network should output at a timestep.</summary>
    internal (double OfNoise, double OfOriginal) TargetScales(int timestep)
    {
        var (signalScale, noiseScale) = Scales(timestep);
        return Prediction switch
        {
            PredictionType.Epsilon => (1, 0),
            PredictionType.Sample => (0, 1),
            _ => (signalScale, -noiseScale),
        };
    }

    /// <summary>The shares of x_t and of a network's output in the x_0 that it predicts at a timestep; not finite from noise where alpha-bar_t is 0.</summary>
    internal (double OfNoisy, double OfPrediction) OriginalScales(int timestep)
    {
        var (signalScale, noiseScale) = Scales(timestep);
        return Prediction switch
        {
            PredictionType.Epsilon => (1 / signalScale, -noiseScale / signalScale),
            PredictionType.Sample => (0, 1),
            _ => (signalScale, -noiseScale),
        };
    }

    private static ArgumentOutOfRangeException Unknown(PredictionType kind) =>
        new(nameof(kind), kind, "kind must be Epsilon, Sample or VPrediction.");
}
