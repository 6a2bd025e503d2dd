using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Sixteen numbers at a time.</summary>
internal readonly struct SixteenLanes : ILanes<Vector512<uint>, Vector512<float>>
{
    public static int Count => Vector512<uint>.Count;

    public static Vector512<uint> Whole(uint value) => Vector512.Create(value);

    public static Vector512<uint> Successive(uint first) => Vector512.CreateSequence(first, 1u);

    public static Vector512<uint> Add(Vector512<uint> a, Vector512<uint> b) => a + b;

    public static Vector512<uint> And(Vector512<uint> a, Vector512<uint> b) => a & b;

    public static Vector512<uint> Xor(Vector512<uint> a, Vector512<uint> b) => a ^ b;

    public static Vector512<uint> ShiftLeft(Vector512<uint> a, int bits) => a << bits;

    public static Vector512<uint> ShiftRight(Vector512<uint> a, int bits) => a >> bits;

    public static Vector512<uint> ShiftRightSigned(Vector512<uint> a, int bits) => (a.AsInt32() >> bits).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<uint> Low, Vector512<uint> High) Multiply(Vector512<uint> a, uint b)
    {
        var lower = Vector512.Create(0x00000000FFFFFFFFul);
        var even = Products(a.AsUInt64(), b);
        var odd = Products(a.AsUInt64() >> 32, b);
        return (((even & lower) | (odd << 32)).AsUInt32(), ((even >> 32) | Vector512.AndNot(odd, lower)).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, ref uint target)
    {
        EightLanes.Interleave(a.GetLower(), b.GetLower(), c.GetLower(), d.GetLower(), ref target);
        EightLanes.Interleave(a.GetUpper(), b.GetUpper(), c.GetUpper(), d.GetUpper(), ref Unsafe.Add(ref target, 32));
    }

    public static Vector512<float> Real(float value) => Vector512.Create(value);

    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    public static Vector512<float> SquareRoot(Vector512<float> a) => Vector512.Sqrt(a);

    public static Vector512<float> ToReal(Vector512<uint> a) => Vector512.ConvertToSingle(a.AsInt32());

    public static Vector512<uint> Bits(Vector512<float> a) => a.AsUInt32();

    public static Vector512<float> OfBits(Vector512<uint> a) => a.AsSingle();

    // Of the lower halves of each 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Products(Vector512<ulong> a, uint b) =>
        Avx512F.IsSupported
            ? Avx512F.Multiply(a.AsUInt32(), Vector512.Create(b))
            : (a & Vector512.Create(0x00000000FFFFFFFFul)) * Vector512.Create((ulong)b);
}
