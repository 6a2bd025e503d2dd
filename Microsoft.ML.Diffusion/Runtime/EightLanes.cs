using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Eight numbers at a time.</summary>
internal readonly struct EightLanes : ILanes<Vector256<uint>, Vector256<float>>
{
    public static int Count => Vector256<uint>.Count;

    public static Vector256<uint> Whole(uint value) => Vector256.Create(value);

    public static Vector256<uint> Successive(uint first) => Vector256.CreateSequence(first, 1u);

    public static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b) => a + b;

    public static Vector256<uint> And(Vector256<uint> a, Vector256<uint> b) => a & b;

    public static Vector256<uint> Xor(Vector256<uint> a, Vector256<uint> b) => a ^ b;

    public static Vector256<uint> ShiftLeft(Vector256<uint> a, int bits) => a << bits;

    public static Vector256<uint> ShiftRight(Vector256<uint> a, int bits) => a >> bits;

    public static Vector256<uint> ShiftRightSigned(Vector256<uint> a, int bits) => (a.AsInt32() >> bits).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<uint> Low, Vector256<uint> High) Multiply(Vector256<uint> a, uint b)
    {
        var lower = Vector256.Create(0x00000000FFFFFFFFul);
        var even = Products(a.AsUInt64(), b);
        var odd = Products(a.AsUInt64() >> 32, b);
        return (((even & lower) | (odd << 32)).AsUInt32(), ((even >> 32) | Vector256.AndNot(odd, lower)).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, Vector256<uint> d, ref uint target)
    {
        FourLanes.Interleave(a.GetLower(), b.GetLower(), c.GetLower(), d.GetLower(), ref target);
        FourLanes.Interleave(a.GetUpper(), b.GetUpper(), c.GetUpper(), d.GetUpper(), ref Unsafe.Add(ref target, 16));
    }

    public static Vector256<float> Real(float value) => Vector256.Create(value);

    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    public static Vector256<float> SquareRoot(Vector256<float> a) => Vector256.Sqrt(a);

    public static Vector256<float> ToReal(Vector256<uint> a) => Vector256.ConvertToSingle(a.AsInt32());

    public static Vector256<uint> Bits(Vector256<float> a) => a.AsUInt32();

    public static Vector256<float> OfBits(Vector256<uint> a) => a.AsSingle();

    // Of the lower halves of each 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Products(Vector256<ulong> a, uint b) =>
        Avx2.IsSupported
            ? Avx2.Multiply(a.AsUInt32(), Vector256.Create(b))
            : (a & Vector256.Create(0x00000000FFFFFFFFul)) * Vector256.Create((ulong)b);
}
