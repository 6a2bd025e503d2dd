using System.Collections.Frozen;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>The element types of the safetensors format that fill whole bytes, named as in the file.</summary>
/// <remarks>Declared in the reference's order, by rising size: <see cref="SafetensorsTypeExtensions"/> and the writer's order rely on it.</remarks>
internal enum SafetensorsType
{
    BOOL,
    U8,
    I8,
    F8_E5M2,
    F8_E4M3,
    F8_E8M0,
    F8_E4M3FNUZ,
    F8_E5M2FNUZ,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
}

internal static class SafetensorsTypeExtensions
{
    // Not Enum.TryParse: it also takes "3", " F32" and "U8,I8".
    private static readonly FrozenDictionary<string, SafetensorsType> _byName =
        Enum.GetValues<SafetensorsType>().ToFrozenDictionary(type => type.ToString(), StringComparer.Ordinal);

    extension(SafetensorsType type)
    {
        /// <summary>Gets the bytes of one element.</summary>
        public int Size => type switch
        {
            >= SafetensorsType.C64 => 8,
            >= SafetensorsType.I32 => 4,
            >= SafetensorsType.I16 => 2,
            _ => 1,
        };

        /// <summary>Gets whether the elements can be read as <see cref="float"/> or <see cref="double"/>.</summary>
        public bool IsFloatingPoint => type is SafetensorsType.F64 or SafetensorsType.F32 or SafetensorsType.F16
            or SafetensorsType.BF16 or SafetensorsType.F8_E4M3 or SafetensorsType.F8_E5M2;

        /// <summary>Gets whether the elements are whole numbers.</summary>
        public bool IsInteger => type is SafetensorsType.U8 or SafetensorsType.I8 or SafetensorsType.I16 or SafetensorsType.U16
            or SafetensorsType.I32 or SafetensorsType.U32 or SafetensorsType.I64 or SafetensorsType.U64;

        /// <summary>Returns the bytes that a tensor takes, or <see langword="null"/> where they exceed <see cref="long.MaxValue"/>.</summary>
        /// <remarks>
        /// A 0 among the dimensions does not excuse the others: their strides would overflow all the same, in whatever order they come.
        /// </remarks>
        public long? ByteCount(ReadOnlySpan<long> shape)
        {
            Int128 product = type.Size;
            foreach (var dimension in shape)
            {
                // Both factors are below 2^63, so 128 bits hold the product.
                product *= Math.Max(1, dimension);
                if (product > long.MaxValue)
                {
                    return null;
                }
            }

            return shape.Contains(0) ? 0 : (long)product;
        }

        public static bool TryParse(string name, out SafetensorsType parsed) => _byName.TryGetValue(name, out parsed);
    }
}
