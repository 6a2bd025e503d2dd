using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The forward process on tensors, [N, ...], each image at a timestep of its own, with libtorch's gradients: what the product's numbers are compared with.</summary>
internal static class TorchDiffusion
{
    extension(GaussianDiffusion diffusion)
    {
        /// <summary>x_t.</summary>
        public Tensor AddNoise(Tensor x0, Tensor noise, int[] timesteps)
        {
            var (signalScale, noiseScale) = diffusion.Scales(timesteps, x0);
            return (signalScale * x0) + (noiseScale * noise);
        }

        /// <summary>What a network should output.</summary>
        public Tensor Target(Tensor x0, Tensor noise, int[] timesteps)
        {
            var (signalScale, noiseScale) = diffusion.Scales(timesteps, x0);
            return diffusion.Prediction switch
            {
                PredictionType.Epsilon => noise.alias(),
                PredictionType.Sample => x0.alias(),
                _ => (signalScale * noise) - (noiseScale * x0),
            };
        }

        /// <summary>The x_0 that an output means.</summary>
        public Tensor OriginalSample(Tensor xt, Tensor output, int[] timesteps)
        {
            var (signalScale, noiseScale) = diffusion.Scales(timesteps, xt);
            return diffusion.Prediction switch
            {
                PredictionType.Epsilon => (xt - (noiseScale * output)) / signalScale,
                PredictionType.Sample => output.alias(),
                _ => (signalScale * xt) - (noiseScale * output),
            };
        }

        /// <summary>The mean of q(x_{t-1} | x_t, x_0).</summary>
        public Tensor PosteriorMean(Tensor x0, Tensor xt, int[] timesteps) =>
            (Gather(timesteps, x0, t => diffusion.Schedule.PosteriorMeanCoefficient1[t]) * x0)
            + (Gather(timesteps, x0, t => diffusion.Schedule.PosteriorMeanCoefficient2[t]) * xt);

        private (Tensor SignalScale, Tensor NoiseScale) Scales(int[] timesteps, Tensor like) => (
            Gather(timesteps, like, t => Math.Sqrt(diffusion.Schedule.AlphaBar(t))),
            Gather(timesteps, like, t => Math.Sqrt(1 - diffusion.Schedule.AlphaBar(t))));
    }

    /// <summary>The entry of a table at each timestep, as [N, 1, ...].</summary>
    public static Tensor Gather(int[] timesteps, Tensor like, Func<int, double> table) =>
        tensor(Array.ConvertAll(timesteps, t => table(t)), like.dtype)
            .reshape([timesteps.Length, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
}
