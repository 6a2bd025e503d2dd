namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Numbers computed side by side, as many as a processor's vectors hold.</summary>
/// <remarks>
/// Each operation is exact, or rounded as IEEE 754 demands. What is written in these alone has the same bits at every width and on every processor. There is no
/// fused multiply-add, because not every processor has one; .NET never makes one of a product and a sum.
/// </remarks>
/// <typeparam name="TWhole">Numbers of 32 bits without a sign.</typeparam>
/// <typeparam name="TReal">As many float32.</typeparam>
internal interface ILanes<TWhole, TReal>
{
    static abstract int Count { get; }

    static abstract TWhole Whole(uint value);

    /// <summary>first, first + 1, ...</summary>
    static abstract TWhole Successive(uint first);

    static abstract TWhole Add(TWhole a, TWhole b);

    static abstract TWhole And(TWhole a, TWhole b);

    static abstract TWhole Xor(TWhole a, TWhole b);

    static abstract TWhole ShiftLeft(TWhole a, int bits);

    static abstract TWhole ShiftRight(TWhole a, int bits);

    /// <summary>Shifts copies of the highest bit in.</summary>
    static abstract TWhole ShiftRightSigned(TWhole a, int bits);

    /// <summary>Both halves of the product of 64 bits.</summary>
    static abstract (TWhole Low, TWhole High) Multiply(TWhole a, uint b);

    /// <summary>Writes a0 b0 c0 d0 a1 b1 ... to <paramref name="target"/> and what follows it.</summary>
    static abstract void Interleave(TWhole a, TWhole b, TWhole c, TWhole d, ref uint target);

    static abstract TReal Real(float value);

    static abstract TReal Add(TReal a, TReal b);

    static abstract TReal Multiply(TReal a, TReal b);

    static abstract TReal Divide(TReal a, TReal b);

    static abstract TReal SquareRoot(TReal a);

    /// <summary>The value of a whole number with a sign, of 24 bits at most.</summary>
    static abstract TReal ToReal(TWhole a);

    static abstract TWhole Bits(TReal a);

    static abstract TReal OfBits(TWhole a);
}
