using System.Numerics;

namespace Microsoft.ML.Diffusion;

/// <summary>Paths between two latents, such as two rows of <see cref="DiffusionLatents.Values"/>.</summary>
public static class Slerp
{
    // Below this angle the two formulas differ by less than its square, far under float32's resolution.
    private const double SmallestAngle = 1e-6;

    /// <summary>Goes along the great circle: sin((1-a) theta) / sin(theta) z1 + sin(a theta) / sin(theta) z2 (Song et al. 2021, appendix D.5).</summary>
    /// <remarks>
    /// Between normal vectors every point keeps about their norm, where a straight line would lose it; the ends' own norms are kept. Theta is the angle
    /// between the two, by Kahan's formula, which does not lose small ones. A straight line where the angle is 0 or 180 degrees within rounding, and the circle
    /// is not determined.
    /// </remarks>
    /// <typeparam name="T">Single or Double; sums are of doubles, rounded once.</typeparam>
    /// <param name="z1">The start.</param>
    /// <param name="z2">The end, of as many values.</param>
    /// <param name="alpha">The place: 0 is the start, 1 the end; beyond them the path goes on.</param>
    /// <returns>As many values.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    public static T[] Spherical<T>(ReadOnlySpan<T> z1, ReadOnlySpan<T> z2, double alpha)
        where T : IFloatingPointIeee754<T>
    {
        CheckLengths(z1.Length, z2.Length);
        var (w1, w2) = Weights(Angle(z1, z2), alpha);
        return Combine(z1, z2, w1, w2);
    }

    /// <summary>Goes in a straight line: (1 - a) z1 + a z2.</summary>
    /// <inheritdoc cref="Spherical{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, double)" path="/*[not(self::summary) and not(self::remarks)]"/>
    public static T[] Linear<T>(ReadOnlySpan<T> z1, ReadOnlySpan<T> z2, double alpha)
        where T : IFloatingPointIeee754<T>
    {
        CheckLengths(z1.Length, z2.Length);
        return Combine(z1, z2, 1 - alpha, alpha);
    }

    private static (double First, double Second) Weights(double theta, double alpha) =>
        theta < SmallestAngle || Math.PI - theta < SmallestAngle
        ? (1 - alpha, alpha)
        : (Math.Sin((1 - alpha) * theta) / Math.Sin(theta), Math.Sin(alpha * theta) / Math.Sin(theta));

    // Kahan's formula, in double: unlike the arc cosine it does not lose small angles.
    private static double Angle<T>(ReadOnlySpan<T> z1, ReadOnlySpan<T> z2)
        where T : IFloatingPointIeee754<T>
    {
        double norm1 = 0, norm2 = 0, difference = 0, sum = 0;
        for (var i = 0; i < z1.Length; i++)
        {
            norm1 += Square(double.CreateTruncating(z1[i]));
            norm2 += Square(double.CreateTruncating(z2[i]));
        }

        (norm1, norm2) = (Math.Sqrt(norm1), Math.Sqrt(norm2));
        for (var i = 0; i < z1.Length; i++)
        {
            var (u, v) = (double.CreateTruncating(z1[i]) / norm1, double.CreateTruncating(z2[i]) / norm2);
            difference += Square(u - v);
            sum += Square(u + v);
        }

        return 2 * Math.Atan2(Math.Sqrt(difference), Math.Sqrt(sum));
    }

    private static T[] Combine<T>(ReadOnlySpan<T> z1, ReadOnlySpan<T> z2, double w1, double w2)
        where T : IFloatingPointIeee754<T>
    {
        var result = new T[z1.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = T.CreateTruncating((w1 * double.CreateTruncating(z1[i])) + (w2 * double.CreateTruncating(z2[i])));
        }

        return result;
    }

    private static void CheckLengths(int count, int length)
    {
        if (length != count)
        {
            throw new ArgumentException($"z2 must hold {count} values like z1, but has {length}.", "z2");
        }
    }

    private static double Square(double value) => value * value;
}
