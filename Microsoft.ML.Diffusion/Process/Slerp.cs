using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Paths between two latents.</summary>
internal static class Slerp
{
    // Below this angle the two formulas differ by less than its square, far under float32's resolution.
    private const double SmallestAngle = 1e-6;

    /// <summary>
    /// sin((1-a) theta) / sin(theta) z1 + sin(a theta) / sin(theta) z2, with theta the angle between the whole tensors (Song et al. 2021,
    /// appendix D.5): between normal vectors every point keeps about their norm, where a straight line would lose it.
    /// </summary>
    /// <remarks>A straight line where the angle is 0 or 180 degrees within rounding, and the circle is not determined.</remarks>
    public static Tensor Spherical(Tensor z1, Tensor z2, double alpha)
    {
        using var scope = NewDisposeScope();
        var theta = Angle(z1, z2);
        var (w1, w2) = theta < SmallestAngle || Math.PI - theta < SmallestAngle
            ? (1 - alpha, alpha)
            : (Math.Sin((1 - alpha) * theta) / Math.Sin(theta), Math.Sin(alpha * theta) / Math.Sin(theta));
        return ((w1 * z1) + (w2 * z2)).MoveToOuterDisposeScope();
    }

    /// <summary>(1 - a) z1 + a z2.</summary>
    public static Tensor Linear(Tensor z1, Tensor z2, double alpha)
    {
        using var scope = NewDisposeScope();
        return (((1 - alpha) * z1) + (alpha * z2)).MoveToOuterDisposeScope();
    }

    // Kahan's formula, in double: unlike the arc cosine it does not lose small angles.
    private static double Angle(Tensor z1, Tensor z2)
    {
        var (u, v) = (z1.to(ScalarType.Float64), z2.to(ScalarType.Float64));
        (u, v) = (u / u.norm(), v / v.norm());
        return 2 * Math.Atan2((u - v).norm().ToDouble(), (u + v).norm().ToDouble());
    }
}
