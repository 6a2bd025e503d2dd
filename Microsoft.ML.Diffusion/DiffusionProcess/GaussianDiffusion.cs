using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

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

    // The methods on tensors take one timestep for each of the N samples. Coefficients are rounded once, to the type of the first tensor given, on whose device
    // the result lies; tensors are [N, ...], of one shape, and variances come as [N, 1, ...], to be broadcast. Results belong to the caller's dispose scope;
    // nothing is changed in place, and gradients flow through.

    /// <summary>Draws x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise (Ho et al. 2020, eq. 4).</summary>
    /// <param name="x0">Images, [N, ...] in [-1, 1].</param>
    /// <param name="noise">Standard normal, [N, ...].</param>
    /// <param name="timesteps">N timesteps in 0..T-1.</param>
    /// <returns>x_t, [N, ...].</returns>
    /// <exception cref="ArgumentException">The number of timesteps is not N.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is outside 0..T-1.</exception>
    internal Tensor AddNoise(Tensor x0, Tensor noise, ReadOnlySpan<int> timesteps)
    {
        using var scope = NewDisposeScope();
        var (signalScale, noiseScale) = Scales(timesteps, x0);
        return (signalScale * x0).Plus(noiseScale * noise).MoveToOuterDisposeScope();
    }

    /// <summary>Gives q(x_t | x_0): mean sqrt(alpha-bar_t) x_0 and variance 1 - alpha-bar_t (Ho et al. 2020, eq. 4).</summary>
    /// <param name="x0">Images, [N, ...] in [-1, 1].</param>
    /// <param name="timesteps">N timesteps in 0..T-1.</param>
    /// <returns>The mean, [N, ...], and the variance and its natural logarithm, [N, 1, ...].</returns>
    /// <inheritdoc cref="AddNoise(Tensor, Tensor, ReadOnlySpan{int})" path="/exception"/>
    internal (Tensor Mean, Tensor Variance, Tensor LogVariance) Marginal(Tensor x0, ReadOnlySpan<int> timesteps)
    {
        using var scope = NewDisposeScope();
        var mean = Gather(timesteps, x0, t => Math.Sqrt(Schedule.AlphaBar(t))) * x0;
        var variance = Gather(timesteps, x0, t => 1 - Schedule.AlphaBar(t));
        var logVariance = Gather(timesteps, x0, t => Math.Log(1 - Schedule.AlphaBar(t)));
        return (mean.MoveToOuterDisposeScope(), variance.MoveToOuterDisposeScope(), logVariance.MoveToOuterDisposeScope());
    }

    /// <summary>Gives q(x_{t-1} | x_t, x_0), which the network's reverse step is to match (Ho et al. 2020, eq. 6 and 7).</summary>
    /// <param name="x0">Images, [N, ...].</param>
    /// <param name="xt">Noisy images at the timesteps, [N, ...].</param>
    /// <param name="timesteps">N timesteps in 0..T-1; at 0 the mean is x_0 and the variance 0.</param>
    /// <returns>
    /// The mean, [N, ...], and the variance and its natural logarithm, [N, 1, ...]; at t = 0 the logarithm is that of t = 1, so that it is finite.
    /// </returns>
    /// <inheritdoc cref="AddNoise(Tensor, Tensor, ReadOnlySpan{int})" path="/exception"/>
    internal (Tensor Mean, Tensor Variance, Tensor LogVarianceClipped) Posterior(Tensor x0, Tensor xt, ReadOnlySpan<int> timesteps)
    {
        using var scope = NewDisposeScope();
        var original = Gather(timesteps, x0, t => Schedule.PosteriorMeanCoefficient1[t]) * x0;
        var mean = original.Plus(Gather(timesteps, x0, t => Schedule.PosteriorMeanCoefficient2[t]) * xt);
        var variance = Gather(timesteps, x0, t => Schedule.PosteriorVariance[t]);
        var logVariance = Gather(timesteps, x0, t => Schedule.PosteriorLogVarianceClipped[t]);
        return (mean.MoveToOuterDisposeScope(), variance.MoveToOuterDisposeScope(), logVariance.MoveToOuterDisposeScope());
    }

    /// <summary>Gives what a network should output for x_t: the noise, x_0, or v, as <see cref="Prediction"/> says.</summary>
    /// <param name="x0">Images, [N, ...] in [-1, 1].</param>
    /// <param name="noise">The noise in x_t, [N, ...].</param>
    /// <param name="timesteps">N timesteps in 0..T-1.</param>
    /// <returns>The target, [N, ...].</returns>
    /// <inheritdoc cref="AddNoise(Tensor, Tensor, ReadOnlySpan{int})" path="/exception"/>
    internal Tensor Target(Tensor x0, Tensor noise, ReadOnlySpan<int> timesteps)
    {
        using var scope = NewDisposeScope();
        var (signalScale, noiseScale) = Scales(timesteps, x0);
        var result = Prediction switch
        {
            PredictionType.Epsilon => noise.alias(),
            PredictionType.Sample => x0.alias(),
            _ => (signalScale * noise) - (noiseScale * x0),
        };
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The entry of a table at each timestep, as [N, 1, ...] for tensors like <paramref name="like"/>: computed in double, rounded once.</summary>
    internal Tensor Gather(ReadOnlySpan<int> timesteps, Tensor like, Func<int, double> table)
    {
        var count = like.shape[0];
        if (timesteps.Length != count)
        {
            throw new ArgumentException(
                $"timesteps must hold one timestep for each of the {count} samples, got {timesteps.Length}.",
                nameof(timesteps));
        }

        var values = new double[timesteps.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (timesteps[i] < 0 || timesteps[i] >= Schedule.NumberOfTrainingTimesteps)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(timesteps),
                    timesteps[i],
                    $"timesteps[{i}] must be from 0 to {Schedule.NumberOfTrainingTimesteps - 1}, because the schedule has {Schedule.NumberOfTrainingTimesteps} timesteps.");
            }

            values[i] = table(timesteps[i]);
        }

        return tensor(values, like.dtype, like.device).reshape([count, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
    }

    private (Tensor SignalScale, Tensor NoiseScale) Scales(ReadOnlySpan<int> timesteps, Tensor like) =>
        (Gather(timesteps, like, t => Math.Sqrt(Schedule.AlphaBar(t))), Gather(timesteps, like, t => Math.Sqrt(1 - Schedule.AlphaBar(t))));
}
