using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>k-diffusion's dpm_2: the midpoint method on the probability-flow equation, the middle halfway in log sigma.</summary>
/// <remarks>The time that its network is told is sigma.</remarks>
internal sealed record PeerDpm2() : Sampler(TimestepSubset.Karras(1))
{
    public override bool IsStochastic => false;

    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
    {
        var (alphaBar, alphaBarNext, x0) = (context.AlphaBar, context.AlphaBarNext, context.PredictedOriginal);
        if (alphaBarNext == 1)
        {
            return ProbabilityFlow.Euler(x, x0, alphaBar, alphaBarNext);
        }

        var (sigma, sigmaNext) = (KarrasSpacing.Sigma(alphaBar), KarrasSpacing.Sigma(alphaBarNext));
        var sigmaMiddle = Math.Sqrt(sigma * sigmaNext);
        var alphaBarMiddle = 1 / (1 + (sigmaMiddle * sigmaMiddle));

        var middle = ProbabilityFlow.Euler(x, x0, alphaBar, alphaBarMiddle);
        var slope = ProbabilityFlow.Slope(middle, context.Predict(middle, sigmaMiddle, alphaBarMiddle), alphaBarMiddle);
        return ImageBatch.Sum((Math.Sqrt(alphaBarNext / alphaBar), x), (Math.Sqrt(alphaBarNext) * (sigmaNext - sigma), slope));
    }
}
