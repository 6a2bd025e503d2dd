using System.Buffers;
using System.Numerics;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>A tensor of an open safetensors file.</summary>
/// <param name="entry">Its line in the header.</param>
/// <param name="data">Its bytes, row-major and little-endian; no element lies across two segments.</param>
internal sealed class SafetensorsTensor(SafetensorsEntry entry, ReadOnlySequence<byte> data)
{
    public string Name => entry.Name;

    public SafetensorsType Type => entry.Type;

    public long[] Shape => entry.Shape;

    public long ElementCount => data.Length / Type.Size;

    public long ByteCount => data.Length;

    /// <summary>Gets the bytes where they lie: valid until the file is disposed, and one segment unless the tensor is large.</summary>
    public ReadOnlySequence<byte> Data => data;

    /// <summary>Copies the bytes as they are.</summary>
    /// <param name="destination">As long as <see cref="ByteCount"/>.</param>
    public void CopyTo(Span<byte> destination)
    {
        CheckLength(destination.Length, ByteCount, nameof(destination));

        data.CopyTo(destination);
    }

    /// <summary>Converts floating-point elements, each to the nearest <see cref="float"/>.</summary>
    /// <param name="destination">As long as <see cref="ElementCount"/>.</param>
    /// <exception cref="FormatException">The elements are no floating-point numbers.</exception>
    public void ConvertTo(Span<float> destination) => Convert(destination, Type.IsFloatingPoint, "floating-point numbers");

    /// <inheritdoc cref="ConvertTo(Span{float})"/>
    /// <summary>Converts floating-point elements, exactly.</summary>
    public void ConvertTo(Span<double> destination) => Convert(destination, Type.IsFloatingPoint, "floating-point numbers");

    /// <summary>Converts whole numbers of any size, exactly.</summary>
    /// <param name="destination">As long as <see cref="ElementCount"/>.</param>
    /// <exception cref="FormatException">The elements are no whole numbers, or one is above <see cref="long.MaxValue"/>.</exception>
    public void ConvertTo(Span<long> destination) => Convert(destination, Type.IsInteger, "whole numbers");

    /// <inheritdoc cref="ConvertTo(Span{float})" path="/summary|/exception"/>
    public float[] ToSingles()
    {
        var values = new float[ElementCount];
        ConvertTo(values.AsSpan());
        return values;
    }

    /// <inheritdoc cref="ConvertTo(Span{double})" path="/summary|/exception"/>
    public double[] ToDoubles()
    {
        var values = new double[ElementCount];
        ConvertTo(values.AsSpan());
        return values;
    }

    /// <inheritdoc cref="ConvertTo(Span{long})" path="/summary|/exception"/>
    public long[] ToInt64s()
    {
        var values = new long[ElementCount];
        ConvertTo(values.AsSpan());
        return values;
    }

    private void Convert<T>(Span<T> destination, bool accepted, string expected)
        where T : struct, INumberBase<T>
    {
        CheckLength(destination.Length, ElementCount, nameof(destination));
        if (!accepted)
        {
            throw new FormatException($"Tensor {SafetensorsEntry.Quote(Name)} has dtype {Type}, expected {expected}.");
        }

        try
        {
            foreach (var segment in data)
            {
                SafetensorsConversion.Convert(Type, segment.Span, destination);
                destination = destination[(segment.Length / Type.Size)..];
            }
        }
        catch (OverflowException exception)
        {
            throw new FormatException($"Tensor {SafetensorsEntry.Quote(Name)} has a value above {long.MaxValue}.", exception);
        }
    }

    private void CheckLength(int length, long expected, string parameterName)
    {
        if (length != expected)
        {
            throw new ArgumentException(
                $"Tensor {SafetensorsEntry.Quote(Name)} needs a length of {expected}, got {length}.",
                parameterName);
        }
    }
}
