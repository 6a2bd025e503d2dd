using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>Buffers of numbers to and from bytes, in pieces: a span of bytes ends at 2 GiB, a buffer need not.</summary>
internal static class NumberBytes
{
    private const int PieceLength = 1 << 22;

    /// <summary>How files name a type of numbers.</summary>
    public static SafetensorsType Type<T>()
        where T : unmanaged => default(T) switch
        {
            double => SafetensorsType.F64,
            float => SafetensorsType.F32,
            int => SafetensorsType.I32,
            _ => throw new NotSupportedException($"A checkpoint cannot hold numbers of type {typeof(T).Name}."),
        };

    /// <summary>Hands over the bytes of numbers.</summary>
    public static void Read<T>(ReadOnlySpan<T> numbers, Action<ReadOnlySpan<byte>> write)
        where T : unmanaged
    {
        for (; numbers.Length > PieceLength; numbers = numbers[PieceLength..])
        {
            write(MemoryMarshal.AsBytes(numbers[..PieceLength]));
        }

        write(MemoryMarshal.AsBytes(numbers));
    }

    /// <summary>Copies stored numbers, bit by bit.</summary>
    /// <exception cref="FormatException">They are of another type, or of another number.</exception>
    public static void Write<T>(SafetensorsTensor stored, Span<T> numbers)
        where T : unmanaged
    {
        if (stored.Type != Type<T>() || stored.ElementCount != numbers.Length)
        {
            throw new FormatException(
                $"Tensor '{stored.Name}' is {stored.ElementCount} of {stored.Type}, expected {numbers.Length} of {Type<T>()}.");
        }

        foreach (var segment in stored.Data)
        {
            var piece = MemoryMarshal.Cast<byte, T>(segment.Span);
            piece.CopyTo(numbers);
            numbers = numbers[piece.Length..];
        }
    }
}
