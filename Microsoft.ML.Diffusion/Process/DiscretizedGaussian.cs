using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

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
        var precision = (-0.5 * logVariance).exp();
        var (below, above) = (Cumulative(precision * (centered - HalfLevel)), Cumulative(precision * (centered + HalfLevel)));

        // 0.999 lies between the last level, 1, and the one before, 1 - 2 / 255.
        var mass = where(x < -0.999, above, where(x > 0.999, 1 - below, above - below));
        return mass.clamp(SmallestMass).log();
    }

    // The approximation (Page 1977) with which the DDPM papers' bits per dimension were computed; it is off by less than 4e-4.
    private static Tensor Cumulative(Tensor x) => 0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x.pow(3)))).tanh());
}
