using Microsoft.ML.Diffusion.DiffusionProcess;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>
/// The reverse step of a loss file. Prediction of x_{t-1} and an unrestricted learned variance, which the product has not, are put in place
/// of the product's mean and variance here.
/// </summary>
internal sealed class PeerReverse(LossFile file)
{
    private readonly bool _predictsPrevious = file.MeanType == "xprev";
    private readonly bool _learnsFreely = file.VarianceType == "learned";

    public GaussianDiffusion Diffusion { get; } = new(file.Schedule, file.MeanType switch
    {
        "eps" => PredictionType.Epsilon,
        "x0" or "xprev" => PredictionType.Sample,
        var type => throw new NotSupportedException($"{file.File}: the mean '{type}' is not known."),
    });

    public DdpmVariance Variance { get; } = file.VarianceType switch
    {
        "fixed_small" or "learned" => DdpmVariance.FixedSmall,
        "fixed_large" => DdpmVariance.FixedLarge,
        "learned_range" => DdpmVariance.Learned,
        var type => throw new NotSupportedException($"{file.File}: the variance '{type}' is not known."),
    };

    /// <summary>Whether the product computes the file's losses all by itself.</summary>
    public bool IsOwn => !_predictsPrevious && !_learnsFreely;

    public ReverseStep Step(Tensor xt, Tensor output, int[] timesteps, Clipping clipping)
    {
        var (prediction, learned) = Split(output);
        var step = new ReverseProcess(Diffusion, Variance, clipping).Step(xt, _learnsFreely ? prediction : output, timesteps);
        step = _learnsFreely
            ? step with { LogVariance = learned!, LogVarianceRatio = Diffusion.Posterior(xt, xt, timesteps).LogVarianceClipped - learned! }
            : step;
        return _predictsPrevious
            ? step with { Mean = prediction, OriginalSample = clipping.Apply(OriginalOf(prediction, xt, timesteps)) }
            : step;
    }

    /// <summary>The term of the bound. What is known of x_{t-1} itself is judged unclipped.</summary>
    public Tensor Bits(Tensor x0, Tensor xt, Tensor output, int[] timesteps, Clipping clipping)
    {
        var step = Step(xt, output, timesteps, clipping);
        step = _predictsPrevious ? step with { OriginalSample = OriginalOf(step.Mean, xt, timesteps) } : step;
        return new VariationalBound(Diffusion).Terms(x0, xt, step, timesteps);
    }

    /// <summary>The parts of the loss of an unusual model: squared error, and term of L_vlb with the gradient's stop of no concern.</summary>
    public (Tensor SquaredError, Tensor Bits) Losses(Tensor x0, Tensor noise, Tensor xt, Tensor output, int[] timesteps)
    {
        var target = _predictsPrevious ? Diffusion.Posterior(x0, xt, timesteps).Mean : Diffusion.Target(x0, noise, timesteps);
        return ((target - Split(output).Prediction).pow(2).flatten(1).mean([1]), Bits(x0, xt, output, timesteps, Clipping.None));
    }

    private (Tensor Prediction, Tensor? Learned) Split(Tensor output) =>
        _learnsFreely || Variance == DdpmVariance.Learned ? LearnedVariance.Split(output) : (output, null);

    private Tensor OriginalOf(Tensor previous, Tensor xt, int[] timesteps) =>
        (previous - (Diffusion.Gather(
            timesteps,
            xt,
            t => file.Schedule.PosteriorMeanCoefficient2[t]) * xt)) / Diffusion.Gather(
                timesteps,
                xt,
                t => file.Schedule.PosteriorMeanCoefficient1[t]);
}
