using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>Reads the output of a network as p(x_{t-1} | x_t).</summary>
/// <param name="diffusion">The forward process, and what the network predicts of it.</param>
/// <param name="variance">The variance of a step; <see cref="DdpmVariance.Learned"/> takes it from the second half of the output's channels.</param>
internal sealed class ReverseProcess(GaussianDiffusion diffusion, DdpmVariance variance)
{
    private readonly NoiseSchedule _schedule = diffusion.Schedule;

    /// <summary>The step from a timestep.</summary>
    /// <param name="timestep">t, in 0..T-1.</param>
    public ReverseStep At(int timestep)
    {
        var posterior = diffusion.Posterior(timestep);
        var (ofNoisy, ofPrediction) = diffusion.OriginalScales(timestep);
        var small = _schedule.PosteriorLogVarianceClipped[timestep];
        return new ReverseStep(
            timestep,
            ofNoisy,
            ofPrediction,
            posterior.OriginalCoefficient,
            posterior.SampleCoefficient,
            small,
            variance switch
            {
                DdpmVariance.FixedSmall => small,

                // At t = 0, where beta~ is 0, both fixed variances are beta~_1: that of the decoder in the DDPM authors' own evaluation.
                DdpmVariance.FixedLarge when timestep == 0 => small,
                _ => Math.Log(_schedule.Betas[timestep]),
            },
            variance == DdpmVariance.Learned);
    }

    /// <summary>The x_0 that a network's output means for a batch, unclipped.</summary>
    /// <param name="xt">Noisy images.</param>
    /// <param name="output">The network's output for them.</param>
    /// <param name="timesteps">N timesteps.</param>
    public Batch Originals(Batch xt, Batch output, ReadOnlySpan<int> timesteps)
    {
        var result = new Batch(xt.Count, xt.Length);
        for (var image = 0; image < xt.Count; image++)
        {
            var step = At(timesteps[image]);
            Span<double> original = result[image], noisy = xt[image], prediction = output[image];
            for (var i = 0; i < original.Length; i++)
            {
                original[i] = step.Original(noisy[i], prediction[i]);
            }
        }

        return result;
    }
}
