using Microsoft.ML.Diffusion.DiffusionProcess;
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

    /// <summary>A network that answers smoothly to x and to the timestep.</summary>
    public static Denoiser Denoiser(PredictionType prediction, Clipping clipping) =>
        new((x, timestep) => (0.3 * x) + (0.1 * Math.Sin(timestep / 100)), prediction, clipping);
}
