using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>
/// The decoder of the bound: a normal distribution gives each of the 256 levels of a pixel the mass between its neighbours' midpoints, the
/// darkest and the brightest also all mass beyond (Ho et al. 2020, eq. 13).
/// </summary>
internal static class DiscretizedGaussian
{
    private const double HalfLevel = 1 / 255.0;
    private const double SmallestMass = 1e-12;

    /// <summary>The natural logarithm of each pixel's mass; at least log 1e-12.</summary>
    /// <param name="x">Pixels as level / 127.5 - 1, [N, C, H, W].</param>
    /// <param name="mean">[N, C, H, W].</param>
    /// <param name="logVariance">[N, C, H, W], or a shape that is broadcast to it.</param>
    /// <remarks>In float32 the far tails lose their digits, yet not the mass itself: its error stays below 1e-5.</remarks>
    public static Tensor LogLikelihood(Tensor x, Tensor mean, Tensor logVariance)
    {
        var centered = x - mean;
        var precision = logVariance.Times(-0.5).exp();
        var (below, above) = (Cumulative(precision * centered.Minus(HalfLevel)), Cumulative(precision * centered.Plus(HalfLevel)));

        // 0.999 lies between the last level, 1, and the one before, 1 - 2 / 255.
        var mass = where(x.IsBelow(-0.999), above, where(x.IsAbove(0.999), below.Complement(), above - below));
        return mass.AtLeast(SmallestMass).log();
    }

    // The approximation (Page 1977) with which the DDPM papers' bits per dimension were computed; it is off by less than 4e-4.
    private static Tensor Cumulative(Tensor x) =>
        x.Plus(x.Power(3).Times(0.044715)).Times(Math.Sqrt(2 / Math.PI)).tanh().Plus(1).Times(0.5);
}
