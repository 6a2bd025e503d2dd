using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Every training loss as libtorch computes and derives it: the library's own before it had gradients in closed form.</summary>
internal sealed class TorchObjective(
    GaussianDiffusion diffusion,
    TrainingLoss loss,
    DdpmVariance variance,
    double variationalWeight,
    MinimumSnr? weights)
{
    private readonly NoiseSchedule _schedule = diffusion.Schedule;

    /// <summary>The loss of each image, [N].</summary>
    public Tensor Losses(Tensor x0, Tensor noise, Tensor xt, Tensor output, int[] timesteps)
    {
        var all = (double)_schedule.NumberOfTrainingTimesteps;
        if (loss == TrainingLoss.Variational)
        {
            return Bits(x0, xt, output, timesteps) * all;
        }

        var isLearned = variance == DdpmVariance.Learned;
        var prediction = isLearned ? output.chunk(2, 1)[0] : output;
        var squaredError = (prediction - diffusion.Target(x0, noise, timesteps)).pow(2).flatten(1).mean([1]);
        var weighted = weights is { } of
            ? squaredError * TorchDiffusion.Gather(
                timesteps,
                squaredError,
                t => of.Weight(diffusion.Prediction, _schedule.SignalToNoiseRatio[t]))
            : squaredError;
        if (loss == TrainingLoss.Simple)
        {
            return weighted;
        }

        var frozen = isLearned ? cat([prediction.detach(), output.chunk(2, 1)[1]], 1) : output.detach();
        return weighted + (Bits(x0, xt, frozen, timesteps) * (variationalWeight * all));
    }

    private Tensor Bits(Tensor x0, Tensor xt, Tensor output, int[] timesteps)
    {
        var (prediction, interpolation) =
            variance == DdpmVariance.Learned ? (output.chunk(2, 1)[0], output.chunk(2, 1)[1]) : (output, null);
        var original = diffusion.OriginalSample(xt, prediction, timesteps);
        var mean = diffusion.PosteriorMean(original, xt, timesteps);
        var small = TorchDiffusion.Gather(timesteps, xt, Small);
        var large = TorchDiffusion.Gather(timesteps, xt, t => t == 0 && interpolation is null ? Small(0) : Math.Log(_schedule.Betas[t]));
        var fraction = interpolation is null ? ones_like(small) * (variance == DdpmVariance.FixedSmall ? 0 : 1) : (interpolation + 1) / 2;
        var logVariance = (fraction * large) + ((1 - fraction) * small);

        var difference = TorchDiffusion.Gather(timesteps, x0, t => _schedule.PosteriorMeanCoefficient1[t]) * (x0 - original);
        var logRatio = fraction * (small - large);
        var divergence = ((logRatio.expm1() - logRatio) + (difference.pow(2) * (-logVariance).exp())) * 0.5;
        var isDecoder = TorchDiffusion.Gather(timesteps, x0, t => t == 0 ? 1 : 0).gt(0);
        return where(isDecoder, -LogLikelihood(x0, mean, logVariance), divergence).flatten(1).mean([1]) / Math.Log(2);
    }

    private static Tensor LogLikelihood(Tensor x, Tensor mean, Tensor logVariance)
    {
        var (centered, precision) = (x - mean, (logVariance * -0.5).exp());
        var (below, above) = (Cumulative(precision * (centered - (1 / 255.0))), Cumulative(precision * (centered + (1 / 255.0))));
        var mass = where(x.lt(-0.999), above, where(x.gt(0.999), 1 - below, above - below));
        return mass.AtLeast(1e-12).log();
    }

    private static Tensor Cumulative(Tensor x) => 0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x.pow(3)))).tanh());

    private double Small(int timestep) => _schedule.PosteriorLogVarianceClipped[timestep];
}
