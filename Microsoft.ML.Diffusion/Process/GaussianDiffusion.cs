using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>The forward process of a schedule on tensors, and what a network is trained to predict of it.</summary>
internal sealed class GaussianDiffusion(NoiseSchedule schedule, PredictionType prediction)
{
    /// <summary>Draws x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise (Ho et al. 2020, eq. 4).</summary>
    /// <param name="x0">Images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="noise">Standard normal, [N, C, H, W].</param>
    /// <param name="timesteps">One timestep in 0..T-1 for each of the N images.</param>
    public Tensor AddNoise(Tensor x0, Tensor noise, ReadOnlySpan<int> timesteps)
    {
        var (signalScale, noiseScale) = Scales(timesteps, x0);
        return (signalScale * x0) + (noiseScale * noise);
    }

    /// <summary>What the network should output for x_t: the noise, x_0, or v. Shapes as in <see cref="AddNoise"/>.</summary>
    public Tensor Target(Tensor x0, Tensor noise, ReadOnlySpan<int> timesteps)
    {
        if (prediction == PredictionType.VPrediction)
        {
            var (signalScale, noiseScale) = Scales(timesteps, x0);
            return (signalScale * noise) - (noiseScale * x0);
        }

        return (prediction == PredictionType.Epsilon ? noise : x0).alias();
    }

    // sqrt(alpha-bar_t) and sqrt(1 - alpha-bar_t) as [N, 1, 1, 1]: looked up in double, rounded once to the images' type.
    private (Tensor SignalScale, Tensor NoiseScale) Scales(ReadOnlySpan<int> timesteps, Tensor like)
    {
        var (signal, noise) = (new double[timesteps.Length], new double[timesteps.Length]);
        for (var i = 0; i < timesteps.Length; i++)
        {
            var alphaBar = schedule.AlphaBar(timesteps[i]);
            (signal[i], noise[i]) = (Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));
        }

        long[] shape = [timesteps.Length, .. Enumerable.Repeat(1L, (int)like.dim() - 1)];
        return (tensor(signal, like.dtype, like.device).reshape(shape), tensor(noise, like.dtype, like.device).reshape(shape));
    }
}
