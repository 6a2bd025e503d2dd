namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>
/// The decoder of the bound: a normal distribution gives each of the 256 levels of a pixel the mass between its neighbours' midpoints, the
/// darkest and the brightest also all mass beyond (Ho et al. 2020, eq. 13).
/// </summary>
internal static class DiscretizedGaussian
{
    private const double HalfLevel = 1 / 255.0;
    private const double SmallestMass = 1e-12;
    private const double Edge = 0.999; // between the last level, 1, and the one before, 1 - 2 / 255
    private const double Cubic = 0.044715;

    private static readonly double _scale = Math.Sqrt(2 / Math.PI);

    /// <summary>The negative natural logarithm of a pixel's mass, at most -log 1e-12: a smaller mass counts as that, and has no derivatives.</summary>
    /// <param name="x">The pixel as level / 127.5 - 1.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="logVariance">The natural logarithm of the variance.</param>
    public static NormalTerm NegativeLogLikelihood(double x, double mean, double logVariance)
    {
        var precision = Math.Exp(-0.5 * logVariance);
        var below = x < -Edge ? default : Cumulative(x - mean - HalfLevel, precision);
        var above = x > Edge ? new Mass(1, 0, 0) : Cumulative(x - mean + HalfLevel, precision);
        var mass = above.Value - below.Value;
        return mass < SmallestMass
            ? new NormalTerm(-Math.Log(SmallestMass), 0, 0)
            : new NormalTerm(
                -Math.Log(mass),
                (above.Density - below.Density) / mass,
                0.5 * (above.Moment - below.Moment) / mass);
    }

    // The approximation (Page 1977) with which the DDPM papers' bits per dimension were computed; it is off by less than 4e-4.
    private static Mass Cumulative(double distance, double precision)
    {
        var z = precision * distance;
        var tanh = Math.Tanh(_scale * (z + (Cubic * z * z * z)));
        var slope = (1 - tanh) * (1 + tanh);
        var density = slope == 0 ? 0 : 0.5 * slope * _scale * (1 + (3 * Cubic * z * z)) * precision; // z may be infinite there
        return new Mass(0.5 * (1 + tanh), density, density * distance);
    }

    /// <summary>The normal distribution function at a distance from the mean, its derivative, and the distance times that.</summary>
    private readonly record struct Mass(double Value, double Density, double Moment);
}
