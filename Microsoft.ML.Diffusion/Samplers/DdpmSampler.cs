using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Ancestral sampling (Ho et al. 2020, algorithm 2): x_{t-1} is drawn from the posterior q(x_{t-1} | x_t, x_0) at the predicted x_0,
/// over any subset of timesteps with the betas that the subset implies.
/// </summary>
public sealed record DdpmSampler : Sampler
{
    /// <summary>Initializes the sampler.</summary>
    /// <param name="steps">Number of steps, 1..T. Ancestral sampling needs many.</param>
    /// <param name="variance">The variance of a step.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public DdpmSampler(int steps = 1000, DdpmVariance variance = DdpmVariance.FixedSmall)
        : base(TimestepSubset.Trailing(steps))
    {
        Variance =
            Enum.IsDefined(variance)
                ? variance
                : throw new ArgumentOutOfRangeException(nameof(variance), variance, "variance must be FixedSmall, FixedLarge or Learned.");
    }

    /// <summary>Gets the variance of a step.</summary>
    public DdpmVariance Variance { get; }

    /// <inheritdoc/>
    public override bool IsStochastic => true;

    /// <inheritdoc/>
    public override string ToString() => $"DDPM, {Timesteps}, {Variance} variance, {Clipping}";

    /// <inheritdoc/>
    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
    {
        var step = context.Step;
        var posterior = Posterior.Between(step.AlphaBar, step.AlphaBarPrevious);
        var variance = Variance == DdpmVariance.FixedSmall ? posterior.Variance : posterior.Beta;

        var (original, noisy) = ((posterior.OriginalCoefficient, context.PredictedOriginal), (posterior.NoisyCoefficient, x));
        if (Variance == DdpmVariance.Learned && step.AddsNoise)
        {
            var interpolation =
                context.VarianceInterpolation ?? throw new InvalidOperationException("The model has no learned variance.");
            var noise =
                LearnedVariance.Noise(
                    interpolation,
                    context.DrawNoise().Values,
                    Math.Log(Math.Max(posterior.Variance, 1e-20)), // 0 in a step to a clean image
                    Math.Log(posterior.Beta));
            return ImageBatch.Sum(original, noisy, (1, new ImageBatch(noise)));
        }

        return step.AddsNoise && variance > 0
            ? ImageBatch.Sum(original, noisy, (Math.Sqrt(variance), context.DrawNoise()))
            : ImageBatch.Sum(original, noisy);
    }
}
