using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>Turns stored elements into .NET numbers, on little-endian machines (as all that libtorch is built for).</summary>
internal static class SafetensorsConversion
{
    /// <summary>Converts the elements in <paramref name="bytes"/> to the start of <paramref name="values"/>.</summary>
    /// <exception cref="OverflowException">A whole number does not fit <typeparamref name="T"/>.</exception>
    public static void Convert<T>(SafetensorsType type, ReadOnlySpan<byte> bytes, Span<T> values)
        where T : struct, INumberBase<T>
    {
        switch (type)
        {
            case SafetensorsType.F64: Numbers<double, T>(bytes, values); break;
            case SafetensorsType.F32: Numbers<float, T>(bytes, values); break;
            case SafetensorsType.F16: Numbers<Half, T>(bytes, values); break;
            case SafetensorsType.BF16: Encoded<ushort, T>(bytes, values, BFloat16); break;
            case SafetensorsType.F8_E5M2: Encoded<byte, T>(bytes, values, Float8E5M2); break;
            case SafetensorsType.F8_E4M3: Encoded<byte, T>(bytes, values, Float8E4M3); break;
            case SafetensorsType.U64: Numbers<ulong, T>(bytes, values); break;
            case SafetensorsType.I64: Numbers<long, T>(bytes, values); break;
            case SafetensorsType.U32: Numbers<uint, T>(bytes, values); break;
            case SafetensorsType.I32: Numbers<int, T>(bytes, values); break;
            case SafetensorsType.U16: Numbers<ushort, T>(bytes, values); break;
            case SafetensorsType.I16: Numbers<short, T>(bytes, values); break;
            case SafetensorsType.U8: Numbers<byte, T>(bytes, values); break;
            case SafetensorsType.I8: Numbers<sbyte, T>(bytes, values); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "There is no conversion for this type.");
        }
    }

    // bfloat16 is the upper half of a float.
    private static float BFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    // E5M2 is the upper half of a float16.
    private static float Float8E5M2(byte bits) => (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));

    // E4M3 (Micikevicius et al. 2022, table 1): bias 7, no infinities, and only S.1111.111 is no number.
    private static float Float8E4M3(byte bits)
    {
        var exponent = (bits >> 3) & 0xF;
        var mantissa = bits & 7;
        var magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => MathF.ScaleB(mantissa, -9),
            _ => MathF.ScaleB(8 + mantissa, exponent - 10),
        };
        return (bits & 0x80) == 0 ? magnitude : -magnitude;
    }

    private static void Numbers<TStored, T>(ReadOnlySpan<byte> bytes, Span<T> values)
        where TStored : struct, INumberBase<TStored>
        where T : struct, INumberBase<T>
    {
        var stored = MemoryMarshal.Cast<byte, TStored>(bytes);
        for (var i = 0; i < stored.Length; i++)
        {
            values[i] = T.CreateChecked(stored[i]);
        }
    }

    private static void Encoded<TStored, T>(ReadOnlySpan<byte> bytes, Span<T> values, Func<TStored, float> decode)
        where TStored : struct
        where T : struct, INumberBase<T>
    {
        var stored = MemoryMarshal.Cast<byte, TStored>(bytes);
        for (var i = 0; i < stored.Length; i++)
        {
            values[i] = T.CreateChecked(decode(stored[i]));
        }
    }
}
