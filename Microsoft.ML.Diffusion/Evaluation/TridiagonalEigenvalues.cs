namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>The eigenvalues of a symmetric tridiagonal matrix, by the QL algorithm with implicit shifts (Dubrulle, Martin and Wilkinson 1968).</summary>
internal static class TridiagonalEigenvalues
{
    private const double RoundingUnit = 2.220446049250313e-16; // 2^-52

    /// <summary>All of them, in no order; each exact to rounding of the largest.</summary>
    /// <param name="diagonal">[n], at least 1; overwritten.</param>
    /// <param name="beside">[n - 1]; overwritten.</param>
    /// <returns><paramref name="diagonal"/>.</returns>
    public static double[] Of(double[] diagonal, double[] beside)
    {
        var negligible = RoundingUnit * diagonal.Concat(beside).Aggregate(0.0, (largest, value) => Math.Max(largest, Math.Abs(value)));
        if (!double.IsFinite(negligible))
        {
            Array.Fill(diagonal, double.NaN); // what is no number never gets small
            return diagonal;
        }

        for (var first = 0; first < diagonal.Length - 1;)
        {
            var last = first;
            while (last < beside.Length && !(Math.Abs(beside[last]) <= negligible))
            {
                last++;
            }

            if (last == first)
            {
                first++; // an eigenvalue stands alone
            }
            else
            {
                Step(diagonal, beside, first, last);
            }
        }

        return diagonal;
    }

    // Rotations in the planes of neighbours, from the last to the first, drive what is beside the first towards 0.
    private static void Step(double[] diagonal, double[] beside, int first, int last)
    {
        // Wilkinson's shift: the eigenvalue of the first two that is closer to the first.
        var half = (diagonal[first + 1] - diagonal[first]) / 2;
        var other = beside[first];
        var shift = diagonal[first] - (other / (half + Math.CopySign(Hypotenuse(half, other), half)) * other);
        var (sine, cosine, correction, rest) = (1.0, 1.0, 0.0, diagonal[last] - shift);
        for (var i = last - 1; i >= first; i--)
        {
            var (across, along) = (sine * beside[i], cosine * beside[i]);
            var radius = Hypotenuse(across, rest);
            if (i + 1 < last)
            {
                beside[i + 1] = radius;
            }

            (sine, cosine) = radius == 0 ? (0, 1) : (across / radius, rest / radius);
            var moved = diagonal[i + 1] - correction;
            var turned = ((diagonal[i] - moved) * sine) + (2 * cosine * along);
            correction = sine * turned;
            diagonal[i + 1] = moved + correction;
            rest = (cosine * turned) - along;
        }

        diagonal[first] -= correction;
        beside[first] = rest;
    }

    private static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b));
}
