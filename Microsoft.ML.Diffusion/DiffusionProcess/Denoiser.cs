using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>The network as samplers see it: x_t in, predicted x_0 and epsilon out, whatever the network itself predicts.</summary>
/// <param name="network">Maps x, [N][C][H][W], and a timestep to the raw prediction, [N][C][H][W], or [N][2C][H][W] with a learned variance.</param>
/// <param name="prediction">What that raw prediction is.</param>
/// <param name="clipping">What happens to a predicted x_0 outside the range of images.</param>
/// <param name="variance">Whether the second half of the channels tells the variance.</param>
internal class Denoiser(
    Func<Batch, double, Batch> network,
    PredictionType prediction,
    Clipping clipping,
    ModelVariance variance = ModelVariance.Fixed)
{
    /// <summary>The noise levels of the model's schedule; null where the network is asked only at times that are known.</summary>
    public Lazy<LevelTable>? Levels { get; init; }

    /// <summary>The time at which the schedule has a noise level.</summary>
    /// <param name="alphaBar">The level, in (0, 1).</param>
    public double TimestepOf(double alphaBar) =>
        (Levels ?? throw new InvalidOperationException("The denoiser has no schedule.")).Value.Timestep(KarrasSpacing.Sigma(alphaBar));

    /// <summary>Calls the network once on x, whose share of signal variance is <paramref name="alphaBar"/>.</summary>
    public virtual Denoised Denoise(Batch x, double timestep, double alphaBar)
    {
        var raw = network(x, timestep);
        var (output, interpolation) = variance == ModelVariance.LearnedRange ? LearnedVariance.Split(raw) : (raw, null);
        var (signal, noise) = (Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));

        var predictedX0 = prediction switch
        {
            PredictionType.Epsilon => Batch.Quotient(signal, (1, x), (-noise, output)),
            PredictionType.Sample => output,
            _ => Batch.Sum((signal, x), (-noise, output)),
        };
        var clippedX0 = clipping.Apply(predictedX0);

        return new Denoised(clippedX0, () =>
        {
            if (clipping.Kind != ClippingKind.None && !clipping.KeepPredictedNoise)
            {
                return Batch.Quotient(noise, (1, x), (-signal, clippedX0));
            }

            return prediction switch
            {
                PredictionType.Epsilon => output,
                PredictionType.Sample => Batch.Quotient(noise, (1, x), (-signal, predictedX0)),
                _ => Batch.Sum((signal, output), (noise, x)),
            };
        })
        {
            VarianceInterpolation = interpolation,
        };
    }
}
