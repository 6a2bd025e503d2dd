using System.Runtime.CompilerServices;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>One number at a time: what the others must agree with.</summary>
internal readonly struct OneLane : ILanes<uint, float>
{
    public static int Count => 1;

    public static uint Whole(uint value) => value;

    public static uint Successive(uint first) => first;

    public static uint Add(uint a, uint b) => unchecked(a + b);

    public static uint And(uint a, uint b) => a & b;

    public static uint Xor(uint a, uint b) => a ^ b;

    public static uint ShiftLeft(uint a, int bits) => a << bits;

    public static uint ShiftRight(uint a, int bits) => a >> bits;

    public static uint ShiftRightSigned(uint a, int bits) => unchecked((uint)((int)a >> bits));

    public static (uint Low, uint High) Multiply(uint a, uint b)
    {
        var product = (ulong)a * b;
        return (unchecked((uint)product), (uint)(product >> 32));
    }

    public static void Interleave(uint a, uint b, uint c, uint d, ref uint target)
    {
        target = a;
        Unsafe.Add(ref target, 1) = b;
        Unsafe.Add(ref target, 2) = c;
        Unsafe.Add(ref target, 3) = d;
    }

    public static float Real(float value) => value;

    public static float Add(float a, float b) => a + b;

    public static float Multiply(float a, float b) => a * b;

    public static float Divide(float a, float b) => a / b;

    public static float SquareRoot(float a) => MathF.Sqrt(a);

    public static float ToReal(uint a) => unchecked((int)a);

    public static uint Bits(float a) => BitConverter.SingleToUInt32Bits(a);

    public static float OfBits(uint a) => BitConverter.UInt32BitsToSingle(a);
}
