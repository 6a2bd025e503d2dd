using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>Small inputs for samplers: double precision, so that only formulas are compared.</summary>
internal static class SamplerInputs
{
    /// <summary>Standard normal, [N, 2, 3, 3].</summary>
    public static Tensor Noise(int samples, ulong seed = 11)
    {
        using var generator = new Generator(seed);
        return empty([samples, 2, 3, 3], ScalarType.Float64).normal_(generator: generator);
    }

    /// <summary>Standard normal, N of 18 numbers.</summary>
    public static Batch Normal(int samples, long seed = 11) => Batches.Normal(samples, 18, seed);

    /// <summary>A network that answers smoothly to x and to the timestep.</summary>
    public static Denoiser Denoiser(PredictionType prediction, Clipping clipping) =>
        new((x, timestep) => x.Map(value => (0.3 * value) + (0.1 * Math.Sin(timestep / 100))), prediction, clipping);
}
