using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>Moves images between noise levels, each known by its share of signal variance.</summary>
internal static class NoiseLevel
{
    /// <summary>Draws x_t from q(x_t | x_0) with the given noise (Ho et al. 2020, eq. 4; Song et al. 2021, eq. 4).</summary>
    /// <param name="x0">Images in [-1, 1].</param>
    /// <param name="noise">Standard normal.</param>
    /// <param name="alphaBar">Share of signal variance of the result.</param>
    public static Batch Noised(Batch x0, Batch noise, double alphaBar) =>
        Batch.Sum((Math.Sqrt(alphaBar), x0), (Math.Sqrt(1 - alphaBar), noise));

    /// <summary>Draws x_t from q(x_t | x_s) for a noisier t: several steps of the forward process in one (Ho et al. 2020, eq. 2).</summary>
    /// <param name="x">x_s.</param>
    /// <param name="noise">Standard normal.</param>
    /// <param name="alphaBarBefore">Share of signal variance of x_s.</param>
    /// <param name="alphaBar">Share of signal variance of the result, smaller.</param>
    public static Batch NoisedFurther(
        Batch x,
        Batch noise,
        double alphaBarBefore,
        double alphaBar) => Noised(x, noise, alphaBar / alphaBarBefore);
}
