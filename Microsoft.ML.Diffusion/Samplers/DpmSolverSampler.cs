using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// DPM-Solver++(2M) (Lu et al. 2022, arXiv 2211.01095): second order from one network call a step, by using the prediction of the step
/// before. Its authors aim at 15 to 20 steps.
/// </summary>
/// <remarks>
/// Its step is DDIM's, or DDPM's in the stochastic form (SDE-DPM-Solver++), at an x_0 that is extrapolated half a step ahead along a
/// line in lambda = log(sqrt(alpha-bar) / sqrt(1 - alpha-bar)) through the last two predictions. The first step has no prediction
/// before it, and the last, to a clean image, takes the network's own x_0: both are of first order. Only the predicted x_0 is used, so
/// <see cref="Clipping.KeepPredictedNoise"/> has no effect. [N, C, H, W] in and out, any size.
/// </remarks>
public sealed record DpmSolverSampler : Sampler
{
    /// <summary>Initializes the sampler.</summary>
    /// <param name="steps">Number of steps, at least 1, over <see cref="TimestepSubset.Karras"/>: of the spacings it has the lowest Frechet distance in few steps.</param>
    /// <param name="stochastic">Whether each step draws the noise of the diffusion's reverse process, instead of following its probability flow.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is below 1.</exception>
    public DpmSolverSampler(int steps = 20, bool stochastic = false)
        : base(TimestepSubset.Karras(steps))
    {
        IsStochastic = stochastic;
    }

    /// <inheritdoc/>
    public override bool IsStochastic { get; }

    /// <summary>1 or 2. Of first order it is DDIM with eta 0 or 1; for comparisons.</summary>
    internal int Order { get; init; } = 2;

    /// <summary>Whether the last step is of first order also where it leaves noise; some runs of other libraries keep the second.</summary>
    internal bool LowerOrderFinal { get; init; } = true;

    /// <inheritdoc/>
    public override string ToString() => $"{(IsStochastic ? "SDE-" : "")}DPM-Solver++(2M), {Timesteps}, {Clipping}";

    /// <inheritdoc/>
    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
    {
        var (alphaBar, alphaBarNext) = (context.AlphaBar, context.AlphaBarNext);
        var x0 = Extrapolated(context);
        context.Remember(context.PredictedOriginal, Order - 1);
        if (!IsStochastic)
        {
            return ProbabilityFlow.Euler(x, x0, alphaBar, alphaBarNext);
        }

        var posterior = Posterior.Between(alphaBar, alphaBarNext);
        var (original, noisy) = ((posterior.OriginalCoefficient, x0), (posterior.NoisyCoefficient, x));
        return context.AddsNoise && posterior.Variance > 0
            ? ImageBatch.Sum(original, noisy, (Math.Sqrt(posterior.Variance), context.DrawNoise()))
            : ImageBatch.Sum(original, noisy);
    }

    private ImageBatch Extrapolated(SamplingContext context)
    {
        var (step, x0) = (context.Step, context.PredictedOriginal);
        if (context.Earlier.Count == 0 || step.AlphaBarPrevious == 1 || (LowerOrderFinal && context.Next is null))
        {
            return x0;
        }

        var earlier = context.Earlier[0];
        var length = Lambda(step.AlphaBarPrevious) - Lambda(step.AlphaBar);
        var lengthBefore = Lambda(step.AlphaBar) - Lambda(earlier.AlphaBar); // infinite after a start without any signal: no slope then
        var ahead = length / (2 * lengthBefore);
        return ImageBatch.Sum((1 + ahead, x0), (-ahead, earlier.Prediction));
    }

    private static double Lambda(double alphaBar) => 0.5 * Math.Log(alphaBar / (1 - alphaBar));
}
