using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>Hands over a tensor's bytes, row-major and little-endian, in one piece or several.</summary>
internal delegate void SafetensorsContent(Action<ReadOnlySpan<byte>> write);

/// <summary>Writes the safetensors format.</summary>
/// <remarks>
/// The same tensors and metadata give the same bytes, whatever order they are added in: as in the reference, large element types come
/// first, so that each tensor is aligned, then names in ordinal order; the header is padded to a multiple of 8 bytes.
/// </remarks>
/// <param name="metadata">Free text for the header.</param>
internal sealed class SafetensorsWriter(IEnumerable<KeyValuePair<string, string>>? metadata = null)
{
    private readonly SortedDictionary<string, string> _metadata = Checked(metadata ?? []);
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>Adds a tensor whose bytes are at hand.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, the shape is impossible, or the length does not fit it.</exception>
    public void Add(string name, SafetensorsType type, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> data)
    {
        var byteCount = ByteCount(name, type, shape);
        if (data.Length != byteCount)
        {
            throw new ArgumentException(
                $"Tensor {SafetensorsEntry.Quote(name)} of dtype {type} and shape {SafetensorsEntry.ShapeText(shape)} takes {byteCount} bytes, got {data.Length}.",
                nameof(data));
        }

        Add(name, type, shape, write => write(data.Span));
    }

    /// <summary>Adds a tensor whose bytes are asked for when they are written, so that not all have to be in memory at once.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the shape is impossible.</exception>
    public void Add(string name, SafetensorsType type, ReadOnlySpan<long> shape, SafetensorsContent content)
    {
        CheckText(name, nameof(name));
        if (name == SafetensorsHeader.MetadataKey)
        {
            throw new ArgumentException(
                $"A tensor cannot be called {SafetensorsHeader.MetadataKey}, because the format keeps its free text there.",
                nameof(name));
        }

        if (!_tensors.TryAdd(name, new Tensor(name, type, shape.ToArray(), ByteCount(name, type, shape), content)))
        {
            throw new ArgumentException($"Tensor {SafetensorsEntry.Quote(name)} is added twice.", nameof(name));
        }
    }

    /// <summary>Writes the file, front to back; the stream need not seek and stays open.</summary>
    /// <exception cref="InvalidOperationException">
    /// The header would be too long to be read, or a tensor's content has another length than its shape.
    /// </exception>
    public void WriteTo(Stream stream)
    {
        var tensors =
            _tensors.Values.OrderByDescending(tensor => tensor.Type).ThenBy(tensor => tensor.Name, StringComparer.Ordinal).ToArray();
        var header = WriteHeader(tensors);
        var length = new byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);

        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in tensors)
        {
            var written = 0L;
            tensor.Content(bytes =>
            {
                written += bytes.Length;
                stream.Write(bytes);
            });
            if (written != tensor.ByteCount)
            {
                throw new InvalidOperationException(
                    $"Tensor {SafetensorsEntry.Quote(tensor.Name)} must write {tensor.ByteCount} bytes, but wrote {written}: the file is not valid.");
            }
        }
    }

    private byte[] WriteHeader(IEnumerable<Tensor> tensors)
    {
        using var header = new MemoryStream();
        using (var json =
            new Utf8JsonWriter(
                header,
                new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) // never inside HTML
        {
            json.WriteStartObject();
            if (_metadata.Count > 0)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach (var (key, value) in _metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            var offset = 0L;
            foreach (var (name, type, shape, byteCount, _) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", type.ToString());
                WriteNumbers(json, "shape", shape);
                WriteNumbers(json, "data_offsets", [offset, checked(offset += byteCount)]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        header.Write("       "u8[..(int)(-header.Length & 7)]); // aligns the data, as the length before it is 8 bytes
        return header.Length <= SafetensorsHeader.MaximumLength
            ? header.ToArray()
            : throw new InvalidOperationException(
                $"The header takes {header.Length} bytes, above the limit of {SafetensorsHeader.MaximumLength}: no reader would accept it. Write fewer tensors or less metadata.");
    }

    private static long ByteCount(string name, SafetensorsType type, ReadOnlySpan<long> shape) =>
        shape.Length <= SafetensorsEntry.MaximumRank
            && !shape.ContainsAnyInRange(long.MinValue, -1)
            && type.ByteCount(shape) is { } byteCount
            ? byteCount
            : throw new ArgumentException(
                $"Tensor {SafetensorsEntry.Quote(name)} must have at most {SafetensorsEntry.MaximumRank} dimensions of 0 or more and fewer than 2^63 bytes, got {SafetensorsEntry.ShapeText(shape)} of {type}.",
                nameof(shape));

    private static void WriteNumbers(Utf8JsonWriter json, string field, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(field);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static SortedDictionary<string, string> Checked(IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in metadata)
        {
            CheckText(key, nameof(metadata));
            CheckText(value, nameof(metadata));
            sorted.Add(key, value);
        }

        return sorted;
    }

    // Half of a surrogate pair would be written as U+FFFD: another name than the one asked for.
    private static void CheckText(string text, string parameterName)
    {
        ArgumentNullException.ThrowIfNull(text, parameterName);
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var length) != OperationStatus.Done)
            {
                throw new ArgumentException(
                    $"{SafetensorsEntry.Quote(text)} is not valid Unicode, so it cannot be written as UTF-8.",
                    parameterName);
            }

            rest = rest[length..];
        }
    }

    private sealed record Tensor(string Name, SafetensorsType Type, long[] Shape, long ByteCount, SafetensorsContent Content);
}
