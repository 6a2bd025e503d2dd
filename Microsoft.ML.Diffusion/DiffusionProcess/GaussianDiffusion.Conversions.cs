using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

public sealed partial class GaussianDiffusion
{
    /// <summary>Gives x_0 from x_t and one of noise, x_0 and v.</summary>
    /// <param name="xt">Noisy images, [N, ...].</param>
    /// <param name="value">What is known, [N, ...].</param>
    /// <param name="kind">What <paramref name="value"/> is. From noise, x_0 = (x_t - sqrt(1 - alpha-bar_t) noise) / sqrt(alpha-bar_t); from v, x_0 = sqrt(alpha-bar_t) x_t - sqrt(1 - alpha-bar_t) v.</param>
    /// <param name="timesteps">N timesteps in 0..T-1.</param>
    /// <returns>x_0, [N, ...]; infinite or NaN from noise where alpha-bar_t is 0.</returns>
    /// <exception cref="ArgumentException">The number of timesteps is not N.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is outside 0..T-1, or <paramref name="kind"/> is not one of the values.</exception>
    internal Tensor ToOriginalSample(Tensor xt, Tensor value, PredictionType kind, ReadOnlySpan<int> timesteps)
    {
        using var scope = NewDisposeScope();
        var (signalScale, noiseScale) = Scales(timesteps, xt);
        var result = kind switch
        {
            PredictionType.Epsilon => (xt - (noiseScale * value)) / signalScale,
            PredictionType.Sample => value.alias(),
            PredictionType.VPrediction => (signalScale * xt) - (noiseScale * value),
            _ => throw Unknown(kind),
        };
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Gives the noise epsilon from x_t and one of noise, x_0 and v.</summary>
    /// <param name="xt">Noisy images, [N, ...].</param>
    /// <param name="value">What is known, [N, ...].</param>
    /// <param name="kind">What <paramref name="value"/> is. From x_0, noise = (x_t - sqrt(alpha-bar_t) x_0) / sqrt(1 - alpha-bar_t); from v, noise = sqrt(alpha-bar_t) v + sqrt(1 - alpha-bar_t) x_t.</param>
    /// <param name="timesteps">N timesteps in 0..T-1.</param>
    /// <returns>The noise, [N, ...].</returns>
    /// <exception cref="ArgumentException">The number of timesteps is not N.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is outside 0..T-1, or <paramref name="kind"/> is not one of the values.</exception>
    internal Tensor ToNoise(Tensor xt, Tensor value, PredictionType kind, ReadOnlySpan<int> timesteps)
    {
        using var scope = NewDisposeScope();
        var (signalScale, noiseScale) = Scales(timesteps, xt);
        var result = kind switch
        {
            PredictionType.Epsilon => value.alias(),
            PredictionType.Sample => (xt - (signalScale * value)) / noiseScale,
            PredictionType.VPrediction => (signalScale * value).Plus(noiseScale * xt),
            _ => throw Unknown(kind),
        };
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Gives v = sqrt(alpha-bar_t) noise - sqrt(1 - alpha-bar_t) x_0 (Salimans and Ho 2022) from x_t and one of noise, x_0 and v.</summary>
    /// <param name="xt">Noisy images, [N, ...].</param>
    /// <param name="value">What is known, [N, ...].</param>
    /// <param name="kind">What <paramref name="value"/> is. From noise, v = (noise - sqrt(1 - alpha-bar_t) x_t) / sqrt(alpha-bar_t); from x_0, v = (sqrt(alpha-bar_t) x_t - x_0) / sqrt(1 - alpha-bar_t).</param>
    /// <param name="timesteps">N timesteps in 0..T-1.</param>
    /// <returns>v, [N, ...]; infinite or NaN from noise where alpha-bar_t is 0.</returns>
    /// <exception cref="ArgumentException">The number of timesteps is not N.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is outside 0..T-1, or <paramref name="kind"/> is not one of the values.</exception>
    internal Tensor ToVelocity(Tensor xt, Tensor value, PredictionType kind, ReadOnlySpan<int> timesteps)
    {
        using var scope = NewDisposeScope();
        var (signalScale, noiseScale) = Scales(timesteps, xt);
        var result = kind switch
        {
            PredictionType.Epsilon => (value - (noiseScale * xt)) / signalScale,
            PredictionType.Sample => ((signalScale * xt) - value) / noiseScale,
            PredictionType.VPrediction => value.alias(),
            _ => throw Unknown(kind),
        };
        return result.MoveToOuterDisposeScope();
    }

    private static ArgumentOutOfRangeException Unknown(PredictionType kind) =>
        new(nameof(kind), kind, "kind must be Epsilon, Sample or VPrediction.");
}
