using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>
/// Mean and variance of what a sampler draws of one normal distribution, exactly: x, and what the sampler remembers, go through a linear map
/// in every step. The maps are written down here from the papers, in sigma where the library computes in alpha-bar.
/// </summary>
/// <param name="mean">Mean of the data.</param>
/// <param name="deviation">Standard deviation of the data.</param>
internal sealed class LinearRecursion(double mean, double deviation)
{
    // What the map of one step makes of x, of the x_0 predicted in the step before, and of 1; and the noise that it adds.
    private readonly record struct Map(double OfX, double OfEarlier, double Constant, double Noise);

    /// <summary>Mean and standard deviation after a run from standard normal noise.</summary>
    /// <param name="sampler">The sampler.</param>
    /// <param name="steps">Its run.</param>
    public (double Mean, double Deviation) After(Sampler sampler, IReadOnlyList<SamplingStep> steps)
    {
        if (sampler is UniPcSampler solver)
        {
            return new UniPcRecursion(solver.Order, Prediction).After(steps);
        }

        var (meanOfX, varianceOfX, meanOfEarlier, varianceOfEarlier, covariance) = (0.0, 1.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < steps.Count; i++)
        {
            var (gain, offset) = Prediction(steps[i].AlphaBar);
            var map = MapOf(sampler, steps, i);
            (varianceOfX, varianceOfEarlier, covariance) = (
                (map.OfX * map.OfX * varianceOfX)
                    + (2 * map.OfX * map.OfEarlier * covariance)
                    + (map.OfEarlier * map.OfEarlier * varianceOfEarlier)
                    + (map.Noise * map.Noise),
                gain * gain * varianceOfX,
                gain * ((map.OfX * varianceOfX) + (map.OfEarlier * covariance)));
            (meanOfX, meanOfEarlier) = ((map.OfX * meanOfX) + (map.OfEarlier * meanOfEarlier) + map.Constant, (gain * meanOfX) + offset);
        }

        return (meanOfX, Math.Sqrt(varianceOfX));
    }

    private Map MapOf(Sampler sampler, IReadOnlyList<SamplingStep> steps, int i)
    {
        var step = steps[i];
        var noise = step.AddsNoise ? 1.0 : 0.0;
        return sampler switch
        {
            DdpmSampler ddpm =>
                Posterior(step, Math.Sqrt(ddpm.Variance == DdpmVariance.FixedLarge ? Beta(step) : SmallVariance(step)) * noise),
            DdimSampler ddim => Implicit(step, ddim.Eta, ddim.UseSigmaHat, noise),
            DpmSolverSampler solver => Multistep(steps, i, solver.IsStochastic, noise),
            EulerSampler => Implicit(step, eta: 0, isHat: false, noise),
            HeunSampler when i + 1 < steps.Count => Heun(step),
            HeunSampler => Implicit(step, eta: 0, isHat: false, noise),
            _ => throw new NotSupportedException($"{sampler}"),
        };
    }

    // Ho et al. 2020, eq. 7.
    private Map Posterior(SamplingStep step, double noise)
    {
        var ofX0 = Math.Sqrt(step.AlphaBarPrevious) * Beta(step) / (1 - step.AlphaBar);
        var ofX = Math.Sqrt(1 - Beta(step)) * (1 - step.AlphaBarPrevious) / (1 - step.AlphaBar);
        return Through(step.AlphaBar, ofX, ofX0, noise);
    }

    // Song et al. 2021, eq. 12 and 16.
    private Map Implicit(SamplingStep step, double eta, bool isHat, double noise)
    {
        var sigma = eta * Math.Sqrt(SmallVariance(step));
        var ofNoise = Math.Sqrt(Math.Max(0, 1 - step.AlphaBarPrevious - (sigma * sigma)));
        var ofX = ofNoise / Math.Sqrt(1 - step.AlphaBar);
        return Through(
            step.AlphaBar,
            ofX,
            Math.Sqrt(step.AlphaBarPrevious) - (ofX * Math.Sqrt(step.AlphaBar)),
            noise * (isHat ? Math.Sqrt(Beta(step)) : sigma));
    }

    // Lu et al. 2022: 2M, deterministic and stochastic, with h the step in lambda and r the one before over this one.
    private Map Multistep(IReadOnlyList<SamplingStep> steps, int i, bool isStochastic, double noise)
    {
        var step = steps[i];
        if (step.AlphaBarPrevious == 1)
        {
            return Through(step.AlphaBar, ofX: 0, ofX0: 1, noise: 0);
        }

        var h = Lambda(step.AlphaBarPrevious) - Lambda(step.AlphaBar);
        var slope = i == 0 ? 0 : h / (Lambda(step.AlphaBar) - Lambda(steps[i - 1].AlphaBar)) / 2;
        var decay = Math.Exp(isStochastic ? -2 * h : -h);
        var ofX = Math.Sqrt((1 - step.AlphaBarPrevious) / (1 - step.AlphaBar)) * (isStochastic ? Math.Exp(-h) : 1);
        var ofX0 = Math.Sqrt(step.AlphaBarPrevious) * (1 - decay);
        var map =
            Through(
                step.AlphaBar,
                ofX,
                ofX0 * (1 + slope),
                isStochastic ? noise * Math.Sqrt((1 - step.AlphaBarPrevious) * (1 - decay)) : 0);
        return map with { OfEarlier = -ofX0 * slope };
    }

    // Karras et al. 2022, algorithm 1, on z = x / sqrt(alpha-bar).
    private Map Heun(SamplingStep step)
    {
        var (sigma, next) = (Sigma(step.AlphaBar), Sigma(step.AlphaBarPrevious));
        var (ofZ, constant) = Slope(step.AlphaBar);
        var (eulerOfZ, eulerConstant) = (1 + ((next - sigma) * ofZ), (next - sigma) * constant);
        var (ofZAtEnd, constantAtEnd) = Slope(step.AlphaBarPrevious);
        var half = (next - sigma) / 2;
        var (total, totalConstant) =
            (1 + (half * (ofZ + (ofZAtEnd * eulerOfZ))), half * (constant + constantAtEnd + (ofZAtEnd * eulerConstant)));
        return new Map(total * Math.Sqrt(step.AlphaBarPrevious / step.AlphaBar), 0, totalConstant * Math.Sqrt(step.AlphaBarPrevious), 0);
    }

    // (z - x_0) / sigma as a multiple of z and a constant.
    private (double OfZ, double Constant) Slope(double alphaBar)
    {
        var (gain, offset) = Prediction(alphaBar);
        return ((1 - (gain * Math.Sqrt(alphaBar))) / Sigma(alphaBar), -offset / Sigma(alphaBar));
    }

    private Map Through(double alphaBar, double ofX, double ofX0, double noise)
    {
        var (gain, offset) = Prediction(alphaBar);
        return new Map(ofX + (ofX0 * gain), 0, ofX0 * offset, noise);
    }

    // E[x_0 | x] = gain x + offset.
    private (double Gain, double Offset) Prediction(double alphaBar)
    {
        var gain = Math.Sqrt(alphaBar) * deviation * deviation / ((alphaBar * deviation * deviation) + 1 - alphaBar);
        return (gain, mean * (1 - (gain * Math.Sqrt(alphaBar))));
    }

    private static double Beta(SamplingStep step) => 1 - (step.AlphaBar / step.AlphaBarPrevious);

    private static double SmallVariance(SamplingStep step) => Beta(step) * (1 - step.AlphaBarPrevious) / (1 - step.AlphaBar);

    private static double Sigma(double alphaBar) => Math.Sqrt((1 / alphaBar) - 1);

    private static double Lambda(double alphaBar) => Math.Log(Math.Sqrt(alphaBar / (1 - alphaBar)));
}
