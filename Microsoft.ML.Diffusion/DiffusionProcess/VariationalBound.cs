using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>
/// The bound on the negative log-likelihood of data, L_vlb = L_T + sum of L_{t-1} + L_0 (Ho et al. 2020, eq. 5), term by term in bits per
/// dimension: divided by log 2 and by the number of pixel values of an image.
/// </summary>
internal sealed class VariationalBound(GaussianDiffusion diffusion)
{
    private const double SmallRatio = 0.03;

    /// <summary>
    /// The term of one timestep for each sample: for t &gt; 0 the divergence of the model's step from the true posterior, and at t = 0 the
    /// decoder's negative log-likelihood of the image.
    /// </summary>
    /// <param name="x0">Images, [N, C, H, W] in [-1, 1] on the 256 levels.</param>
    /// <param name="xt">The images noised to the timesteps.</param>
    /// <param name="step">The model's step from there.</param>
    /// <param name="timesteps">N timesteps.</param>
    /// <returns>[N], in bits per dimension.</returns>
    public Tensor Terms(Tensor x0, Tensor xt, ReverseStep step, ReadOnlySpan<int> timesteps)
    {
        // Both means hold the same share of x_t: they differ by that of x_0 alone, which does not cancel in float32 where alpha-bar is tiny.
        var difference = diffusion.Gather(timesteps, x0, t => diffusion.Schedule.PosteriorMeanCoefficient1[t]) * (x0 - step.OriginalSample);
        var divergence = Divergence(difference, step.LogVarianceRatio, step.LogVariance);
        var isDecoder = diffusion.Gather(timesteps, x0, t => t == 0 ? 1 : 0).IsAbove(0);
        return BitsPerDimension(where(isDecoder, -DiscretizedGaussian.LogLikelihood(x0, step.Mean, step.LogVariance), divergence));
    }

    /// <summary>
    /// L_T: what is left of the images at the last timestep, as the divergence of q(x_T | x_0) from standard normal noise; no network is asked.
    /// </summary>
    /// <returns>[N], in bits per dimension.</returns>
    public Tensor Prior(Tensor x0)
    {
        var last = new int[x0.shape[0]];
        Array.Fill(last, diffusion.Schedule.NumberOfTrainingTimesteps - 1);
        var (mean, _, logVariance) = diffusion.Marginal(x0, last);
        return BitsPerDimension(Divergence(mean, logVariance, zeros_like(logVariance)));
    }

    /// <summary>KL(N(mean1, e^logVariance1) || N(mean2, e^logVariance2)) of each pixel, in nats.</summary>
    /// <param name="difference">mean1 - mean2.</param>
    /// <param name="logRatio">logVariance1 - logVariance2.</param>
    /// <param name="logVariance">logVariance2.</param>
    internal static Tensor Divergence(Tensor difference, Tensor logRatio, Tensor logVariance) =>
        ExponentialBeyondLinear(logRatio).Plus(difference.Power(2) * (-logVariance).exp()).Times(0.5);

    // exp(x) - 1 - x, by its series where those terms would cancel: what follows x^7 is below 1e-13 of it there.
    private static Tensor ExponentialBeyondLinear(Tensor x)
    {
        var series = x.Over(5040.0);
        foreach (var coefficient in (ReadOnlySpan<double>)[1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0])
        {
            series = x * series.Plus(coefficient);
        }

        series = x.Power(2) * series.Plus(0.5);
        return where(x.abs().IsBelow(SmallRatio), series, x.expm1() - x);
    }

    private static Tensor BitsPerDimension(Tensor nats) => nats.flatten(1).mean([1]).Over(Math.Log(2));
}
