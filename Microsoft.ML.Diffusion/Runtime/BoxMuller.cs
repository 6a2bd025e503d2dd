using System.Runtime.CompilerServices;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Makes two standard normal numbers of two random words (Box and Muller 1958): r cos and r sin of a random angle, with r^2 = -2 ln u.</summary>
/// <remarks>
/// Logarithm, sine and cosine are series in float32, summed in the order that stands here, and no function of a mathematics library, whose last bit is another
/// one on another system.
/// </remarks>
internal static class BoxMuller
{
    private const double HalfPi = Math.PI / 2;
    private const uint RootHalf = 0x3F3504F3; // the bits of sqrt(1/2)
    private const uint SignBit = 0x80000000;

    /// <summary>The two numbers of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TReal First, TReal Second) Normals<TLanes, TWhole, TReal>(TWhole radius, TWhole angle)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var r = TLanes.SquareRoot(TwiceNegativeLogarithm<TLanes, TWhole, TReal>(Uniform<TLanes, TWhole, TReal>(radius)));
        var (sine, cosine) = SineAndCosine<TLanes, TWhole, TReal>(angle);
        return (TLanes.Multiply(r, cosine), TLanes.Multiply(r, sine));
    }

    /// <summary>(w + 1/2) / 2^32, rounded once: in (0, 1], so that there is a logarithm. 32 bits let a radius be 6.7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TReal Uniform<TLanes, TWhole, TReal>(TWhole w)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var high = TLanes.ToReal(TLanes.ShiftRight(w, 16));
        var low = TLanes.ToReal(TLanes.And(w, TLanes.Whole(0xFFFF)));
        var sum = TLanes.Add(TLanes.Multiply(high, TLanes.Real(65536)), TLanes.Add(low, TLanes.Real(0.5f)));
        return TLanes.Multiply(sum, TLanes.Real(1 / 4294967296f));
    }

    /// <summary>-2 ln u to 3e-7 of itself, for u in [2^-33, 1].</summary>
    /// <remarks>
    /// u = m 2^e with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1) / (m + 1), |s| at most 0.172.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TReal TwiceNegativeLogarithm<TLanes, TWhole, TReal>(TReal u)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var offset = TLanes.Add(TLanes.Bits(u), TLanes.Whole(unchecked(0u - RootHalf)));
        var e = TLanes.ToReal(TLanes.ShiftRightSigned(offset, 23));
        var m = TLanes.OfBits(TLanes.Add(TLanes.And(offset, TLanes.Whole(0x007FFFFF)), TLanes.Whole(RootHalf)));

        var s = TLanes.Divide(TLanes.Add(m, TLanes.Real(-1)), TLanes.Add(m, TLanes.Real(1)));
        var z = TLanes.Multiply(s, s);
        var series = TLanes.Add(TLanes.Multiply(z, TLanes.Real(1 / 9f)), TLanes.Real(1 / 7f));
        series = TLanes.Add(TLanes.Multiply(z, series), TLanes.Real(1 / 5f));
        series = TLanes.Add(TLanes.Multiply(z, series), TLanes.Real(1 / 3f));

        var first = TLanes.Multiply(s, TLanes.Real(-4));
        var logarithm = TLanes.Add(first, TLanes.Multiply(first, TLanes.Multiply(z, series)));
        return TLanes.Add(TLanes.Multiply(e, TLanes.Real((float)(-2 * 0.69314718055994530942))), logarithm);
    }

    /// <summary>Sine and cosine of the angle that a word stands for, to 2e-7.</summary>
    /// <remarks>
    /// The upper two bits choose a quarter of the circle; the 24 below them, k in -2^23..2^23-1, the angle x = (k + 1/2) / 2^24 quarters from its middle line.
    /// There the series of both functions end after five terms.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TReal Sine, TReal Cosine) SineAndCosine<TLanes, TWhole, TReal>(TWhole angle)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var k = TLanes.ToReal(TLanes.ShiftRightSigned(TLanes.ShiftLeft(angle, 2), 8));
        var x = TLanes.Multiply(TLanes.Add(k, TLanes.Real(0.5f)), TLanes.Real((float)(HalfPi / 16777216)));
        var z = TLanes.Multiply(x, x);

        var sine = TLanes.Add(TLanes.Multiply(z, TLanes.Real(1 / 362880f)), TLanes.Real(-1 / 5040f));
        sine = TLanes.Add(TLanes.Multiply(z, sine), TLanes.Real(1 / 120f));
        sine = TLanes.Add(TLanes.Multiply(z, sine), TLanes.Real(-1 / 6f));
        sine = TLanes.Add(x, TLanes.Multiply(x, TLanes.Multiply(z, sine)));

        var cosine = TLanes.Add(TLanes.Multiply(z, TLanes.Real(1 / 40320f)), TLanes.Real(-1 / 720f));
        cosine = TLanes.Add(TLanes.Multiply(z, cosine), TLanes.Real(1 / 24f));
        cosine = TLanes.Add(TLanes.Multiply(z, cosine), TLanes.Real(-1 / 2f));
        cosine = TLanes.Add(TLanes.Real(1), TLanes.Multiply(z, cosine));

        return Turn<TLanes, TWhole, TReal>(TLanes.Bits(sine), TLanes.Bits(cosine), angle);
    }

    // By 0, 1, 2 or 3 quarters: (s, c), (c, -s), (-s, -c) or (-c, s).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TReal Sine, TReal Cosine) Turn<TLanes, TWhole, TReal>(TWhole sine, TWhole cosine, TWhole angle)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var next = TLanes.ShiftLeft(angle, 1); // its highest bit says whether the number of quarters is odd
        var swapped = TLanes.And(TLanes.Xor(sine, cosine), TLanes.ShiftRightSigned(next, 31));
        var sign = TLanes.Whole(SignBit);
        return (
            TLanes.OfBits(TLanes.Xor(TLanes.Xor(sine, swapped), TLanes.And(angle, sign))),
            TLanes.OfBits(TLanes.Xor(TLanes.Xor(cosine, swapped), TLanes.And(TLanes.Xor(angle, next), sign))));
    }
}
