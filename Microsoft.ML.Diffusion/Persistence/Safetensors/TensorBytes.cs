using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>Tensors to and from bytes, in pieces: of any length, on any device, at the cost of one piece of memory.</summary>
internal static class TensorBytes
{
    private const long PieceElements = 1 << 22;

    public static SafetensorsType Type(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Float64 => SafetensorsType.F64,
        ScalarType.Float32 => SafetensorsType.F32,
        ScalarType.BFloat16 => SafetensorsType.BF16,
        ScalarType.Float16 => SafetensorsType.F16,
        ScalarType.Int32 => SafetensorsType.I32,
        var other => throw new NotSupportedException($"A checkpoint cannot hold tensors of {other}."),
    };

    /// <summary>Hands over the bytes of a tensor.</summary>
    public static void Read(Tensor tensor, Action<ReadOnlySpan<byte>> write)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.detach().flatten();
        for (var start = 0L; start < flat.numel(); start += PieceElements)
        {
            using var piece = flat.narrow(0, start, Math.Min(PieceElements, flat.numel() - start)).cpu();
            write(piece.bytes);
        }
    }

    /// <summary>Fills a contiguous tensor in place.</summary>
    /// <exception cref="FormatException">The stored tensor is of another type or size.</exception>
    public static void Write(SafetensorsTensor stored, Tensor tensor)
    {
        if (stored.Type != Type(tensor) || stored.ElementCount != tensor.numel())
        {
            throw new FormatException(
                $"Tensor '{stored.Name}' is {stored.ElementCount} of {stored.Type}, expected {tensor.numel()} of {Type(tensor)}.");
        }

        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.view(-1);
        var offset = 0L;
        foreach (var segment in stored.Data)
        {
            for (var rest = segment; rest.Length > 0;)
            {
                var count = Math.Min(PieceElements, rest.Length / stored.Type.Size);
                using var piece = empty(count, tensor.dtype);
                var bytes = rest[..(int)(count * stored.Type.Size)];
                bytes.Span.CopyTo(piece.bytes);
                using var target = flat.narrow(0, offset, count);
                target.copy_(piece);
                offset += count;
                rest = rest[bytes.Length..];
            }
        }
    }
}
