using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>A model's p(x_{t-1} | x_t): a normal distribution for every pixel.</summary>
/// <param name="Mean">[N, C, H, W].</param>
/// <param name="LogVariance">Natural logarithm, [N, 1, 1, 1] where it is fixed and [N, C, H, W] where it is learned.</param>
/// <param name="LogVarianceRatio">Log beta~_t less <paramref name="LogVariance"/>, of its shape, from coefficients in double: in float32 the difference of the two would lose its digits.</param>
/// <param name="OriginalSample">The x_0 that the mean is made of, clipping applied, [N, C, H, W].</param>
internal sealed record ReverseStep(Tensor Mean, Tensor LogVariance, Tensor LogVarianceRatio, Tensor OriginalSample);

/// <summary>Reads the output of a network as p(x_{t-1} | x_t), at a timestep of its own for each sample.</summary>
/// <param name="diffusion">The forward process, and what the network predicts of it.</param>
/// <param name="variance">The variance of a step; <see cref="DdpmVariance.Learned"/> takes it from the second half of the output's channels.</param>
/// <param name="clipping">What happens to a predicted x_0 outside the range of images.</param>
internal sealed class ReverseProcess(GaussianDiffusion diffusion, DdpmVariance variance, Clipping clipping)
{
    private readonly NoiseSchedule _schedule = diffusion.Schedule;

    /// <param name="xt">Noisy images, [N, C, H, W].</param>
    /// <param name="output">The network's output, [N, C, H, W], or [N, 2C, H, W] for a learned variance.</param>
    /// <param name="timesteps">N timesteps.</param>
    public ReverseStep Step(Tensor xt, Tensor output, ReadOnlySpan<int> timesteps)
    {
        var (prediction, interpolation) = variance == DdpmVariance.Learned ? LearnedVariance.Split(output) : (output, null);
        var x0 = clipping.Apply(diffusion.ToOriginalSample(xt, prediction, diffusion.Prediction, timesteps));
        var mean = diffusion.Posterior(x0, xt, timesteps).Mean;
        var (logVariance, ratio) = LogVariance(xt, interpolation, timesteps);
        return new ReverseStep(mean, logVariance, ratio, x0);
    }

    private (Tensor LogVariance, Tensor Ratio) LogVariance(Tensor like, Tensor? interpolation, ReadOnlySpan<int> timesteps)
    {
        var small = diffusion.Gather(timesteps, like, Small);
        if (interpolation is not null)
        {
            return (
                LearnedVariance.LogVariance(interpolation, small, diffusion.Gather(timesteps, like, t => Math.Log(_schedule.Betas[t]))),
                interpolation.Plus(1) * diffusion.Gather(timesteps, like, t => 0.5 * (Small(t) - Math.Log(_schedule.Betas[t]))));
        }

        return variance == DdpmVariance.FixedSmall
            ? (small, zeros_like(small))
            : (diffusion.Gather(timesteps, like, Large), diffusion.Gather(timesteps, like, t => Small(t) - Large(t)));
    }

    private double Small(int timestep) => _schedule.PosteriorLogVarianceClipped[timestep];

    // At t = 0, where beta~ is 0, both fixed variances are beta~_1: that of the decoder in the DDPM authors' own evaluation.
    private double Large(int timestep) => timestep == 0 ? Small(0) : Math.Log(_schedule.Betas[timestep]);
}
