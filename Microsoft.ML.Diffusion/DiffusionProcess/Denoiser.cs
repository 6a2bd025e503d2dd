using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>The network as samplers see it: x_t in, predicted x_0 and epsilon out, whatever the network itself predicts.</summary>
/// <param name="network">Maps x [N, C, H, W] and a timestep to the raw prediction [N, C, H, W], or [N, 2C, H, W] with a learned variance.</param>
/// <param name="prediction">What that raw prediction is.</param>
/// <param name="clipping">What happens to a predicted x_0 outside the range of images.</param>
/// <param name="variance">Whether the second half of the channels tells the variance.</param>
internal sealed class Denoiser(
    Func<Tensor, double, Tensor> network,
    PredictionType prediction,
    Clipping clipping,
    ModelVariance variance = ModelVariance.Fixed)
{
    /// <summary>Calls the network once on x, whose share of signal variance is <paramref name="alphaBar"/>.</summary>
    public Denoised Denoise(Tensor x, double timestep, double alphaBar)
    {
        var raw = network(x, timestep);
        var (output, interpolation) = variance == ModelVariance.LearnedRange ? LearnedVariance.Split(raw) : (raw, null);
        var (signal, noise) = (Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));

        var predictedX0 = prediction switch
        {
            PredictionType.Epsilon => (x - output.Times(noise)).Over(signal),
            PredictionType.Sample => output,
            _ => x.Times(signal) - output.Times(noise),
        };
        var clippedX0 = clipping.Apply(predictedX0);

        return new Denoised(clippedX0, () =>
        {
            if (clipping.Kind != ClippingKind.None && !clipping.KeepPredictedNoise)
            {
                return (x - clippedX0.Times(signal)).Over(noise);
            }

            return prediction switch
            {
                PredictionType.Epsilon => output,
                PredictionType.Sample => (x - predictedX0.Times(signal)).Over(noise),
                _ => output.Times(signal).Plus(x.Times(noise)),
            };
        })
        {
            VarianceInterpolation = interpolation,
        };
    }
}
