using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Four numbers at a time.</summary>
internal readonly struct FourLanes : ILanes<Vector128<uint>, Vector128<float>>
{
    public static int Count => Vector128<uint>.Count;

    public static Vector128<uint> Whole(uint value) => Vector128.Create(value);

    public static Vector128<uint> Successive(uint first) => Vector128.CreateSequence(first, 1u);

    public static Vector128<uint> Add(Vector128<uint> a, Vector128<uint> b) => a + b;

    public static Vector128<uint> And(Vector128<uint> a, Vector128<uint> b) => a & b;

    public static Vector128<uint> Xor(Vector128<uint> a, Vector128<uint> b) => a ^ b;

    public static Vector128<uint> ShiftLeft(Vector128<uint> a, int bits) => a << bits;

    public static Vector128<uint> ShiftRight(Vector128<uint> a, int bits) => a >> bits;

    public static Vector128<uint> ShiftRightSigned(Vector128<uint> a, int bits) => (a.AsInt32() >> bits).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector128<uint> Low, Vector128<uint> High) Multiply(Vector128<uint> a, uint b)
    {
        var lower = Vector128.Create(0x00000000FFFFFFFFul);
        var even = Products(a.AsUInt64(), b);
        var odd = Products(a.AsUInt64() >> 32, b);
        return (((even & lower) | (odd << 32)).AsUInt32(), ((even >> 32) | Vector128.AndNot(odd, lower)).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(Vector128<uint> a, Vector128<uint> b, Vector128<uint> c, Vector128<uint> d, ref uint target)
    {
        var (lowAB, highAB) = Zip(a, b);
        var (lowCD, highCD) = Zip(c, d);
        var (first, second) = Zip(lowAB.AsUInt64(), lowCD.AsUInt64());
        var (third, fourth) = Zip(highAB.AsUInt64(), highCD.AsUInt64());
        first.AsUInt32().StoreUnsafe(ref target);
        second.AsUInt32().StoreUnsafe(ref target, 4);
        third.AsUInt32().StoreUnsafe(ref target, 8);
        fourth.AsUInt32().StoreUnsafe(ref target, 12);
    }

    public static Vector128<float> Real(float value) => Vector128.Create(value);

    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    public static Vector128<float> SquareRoot(Vector128<float> a) => Vector128.Sqrt(a);

    public static Vector128<float> ToReal(Vector128<uint> a) => Vector128.ConvertToSingle(a.AsInt32());

    public static Vector128<uint> Bits(Vector128<float> a) => a.AsUInt32();

    public static Vector128<float> OfBits(Vector128<uint> a) => a.AsSingle();

    // Of the lower halves of each 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Products(Vector128<ulong> a, uint b) =>
        Sse2.IsSupported
            ? Sse2.Multiply(a.AsUInt32(), Vector128.Create(b))
            : (a & Vector128.Create(0x00000000FFFFFFFFul)) * Vector128.Create((ulong)b);

    // a0 b0 a1 b1, a2 b2 a3 b3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<uint> Low, Vector128<uint> High) Zip(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? (Sse2.UnpackLow(a, b), Sse2.UnpackHigh(a, b))
        : AdvSimd.Arm64.IsSupported ? (AdvSimd.Arm64.ZipLow(a, b), AdvSimd.Arm64.ZipHigh(a, b))
        : (Vector128.Create(a[0], b[0], a[1], b[1]), Vector128.Create(a[2], b[2], a[3], b[3]));

    // a0 b0, a1 b1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<ulong> Low, Vector128<ulong> High) Zip(Vector128<ulong> a, Vector128<ulong> b) =>
        (Vector128.Create(a.GetLower(), b.GetLower()), Vector128.Create(a.GetUpper(), b.GetUpper()));
}
