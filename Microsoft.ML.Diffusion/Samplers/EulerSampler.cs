using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Euler's method on the probability-flow differential equation over the noise levels of Karras et al. 2022: one network call a step,
/// an error that falls with the number of steps.
/// </summary>
/// <remarks>
/// The step is that of <see cref="DdimSampler"/> with eta 0; what differs is the default spacing. Only the predicted x_0 is used, so
/// <see cref="Clipping.KeepPredictedNoise"/> has no effect. [N, C, H, W] in and out, any size.
/// </remarks>
public sealed record EulerSampler : Sampler
{
    /// <summary>Initializes the sampler.</summary>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="rho">The exponent of <see cref="TimestepSubset.Karras"/>, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public EulerSampler(int steps = 50, double rho = 7)
        : base(TimestepSubset.Karras(steps, rho))
    {
    }

    /// <inheritdoc/>
    public override bool IsStochastic => false;

    /// <inheritdoc/>
    public override string ToString() => $"Euler, {Timesteps}, {Clipping}";

    /// <inheritdoc/>
    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context) =>
        ProbabilityFlow.Euler(x, context.PredictedOriginal, context.AlphaBar, context.AlphaBarNext);
}
