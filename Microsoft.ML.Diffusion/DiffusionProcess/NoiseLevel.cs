using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>Moves images between noise levels, each known by its share of signal variance.</summary>
internal static class NoiseLevel
{
    /// <summary>Draws x_t from q(x_t | x_0) with the given noise (Ho et al. 2020, eq. 4; Song et al. 2021, eq. 4).</summary>
    /// <param name="x0">Images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="noise">Standard normal, [N, C, H, W].</param>
    /// <param name="alphaBar">Share of signal variance of the result.</param>
    public static Tensor Noised(Tensor x0, Tensor noise, double alphaBar) =>
        x0.Times(Math.Sqrt(alphaBar)).Plus(noise.Times(Math.Sqrt(1 - alphaBar)));

    /// <summary>Draws x_t from q(x_t | x_s) for a noisier t: several steps of the forward process in one (Ho et al. 2020, eq. 2).</summary>
    /// <param name="x">x_s, [N, C, H, W].</param>
    /// <param name="noise">Standard normal, [N, C, H, W].</param>
    /// <param name="alphaBarBefore">Share of signal variance of x_s.</param>
    /// <param name="alphaBar">Share of signal variance of the result, smaller.</param>
    public static Tensor NoisedFurther(
        Tensor x,
        Tensor noise,
        double alphaBarBefore,
        double alphaBar) => Noised(x, noise, alphaBar / alphaBarBefore);
}
