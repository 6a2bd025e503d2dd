using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Heun's method on the probability-flow differential equation over the noise levels of Karras et al. 2022 (their algorithm 1): two
/// network calls a step but one in the last, an error that falls with the square of the number of steps.
/// </summary>
/// <remarks>
/// Only the predicted x_0 is used, so <see cref="Clipping.KeepPredictedNoise"/> has no effect. [N, C, H, W] in and out, any size.
/// </remarks>
public sealed record HeunSampler : Sampler
{
    /// <summary>Initializes the sampler.</summary>
    /// <param name="steps">Number of steps, at least 1; S steps call the network 2 S - 1 times.</param>
    /// <param name="rho">The exponent of <see cref="TimestepSubset.Karras"/>, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public HeunSampler(int steps = 18, double rho = 7)
        : base(TimestepSubset.Karras(steps, rho))
    {
    }

    /// <inheritdoc/>
    public override bool IsStochastic => false;

    /// <inheritdoc/>
    public override string ToString() => $"Heun, {Timesteps}, {Clipping}";

    /// <inheritdoc/>
    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
    {
        var (alphaBar, alphaBarNext) = (context.AlphaBar, context.AlphaBarNext);
        var x0 = context.PredictedOriginal;
        var euler = ProbabilityFlow.Euler(x, x0, alphaBar, alphaBarNext);
        if (context.Next is not { } next || alphaBar == 0)
        {
            return euler; // the last step ends where the slope is not defined; without any signal sigma is infinite
        }

        // The step again from its start, now along the mean of the slopes at its two ends.
        var half = Math.Sqrt(alphaBarNext) * (KarrasSpacing.Sigma(alphaBarNext) - KarrasSpacing.Sigma(alphaBar)) / 2;
        var slope = ProbabilityFlow.Slope(x, x0, alphaBar);
        var slopeAtEnd = ProbabilityFlow.Slope(euler, context.Predict(euler, next.Timestep, alphaBarNext), alphaBarNext);
        return ImageBatch.Sum((1, euler), (half, slopeAtEnd), (-half, slope));
    }
}
