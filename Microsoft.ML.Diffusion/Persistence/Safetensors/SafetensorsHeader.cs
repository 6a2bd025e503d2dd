using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>The JSON header of a safetensors file: which tensors its data holds, and where.</summary>
/// <remarks>
/// Layout of a file: the header's length (8 bytes, unsigned, little-endian), the header, the data. Read as strictly as the format's
/// text allows, since a file may come from anyone: the tensors cover the data from its first byte, without a hole and without overlap.
/// </remarks>
internal sealed class SafetensorsHeader
{
    internal const int LengthBytes = sizeof(ulong);

    /// <summary>The longest header that is read or written. The reference allows 100 MB; a thousand tensors take 0.1.</summary>
    internal const int MaximumLength = 16 << 20;

    /// <summary>The most tensors of a file.</summary>
    internal const int MaximumTensors = 1 << 15;

    private const int MaximumTexts = 1 << 12;
    private const int MaximumNameBytes = 1 << 12;
    private const int MaximumTextBytes = 4 << 20;

    internal const string MetadataKey = "__metadata__";

    private SafetensorsHeader(IReadOnlyDictionary<string, string> metadata, SafetensorsEntry[] entries)
    {
        Metadata = metadata;
        Entries = entries;
    }

    /// <summary>Gets the free text under <c>__metadata__</c>; empty where the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Gets the tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>Gets the length of the data, which the file must have exactly.</summary>
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>Reads the header's length from the first bytes of a file.</summary>
    /// <exception cref="FormatException">There are fewer than 8 bytes, or the length exceeds <see cref="MaximumLength"/>.</exception>
    public static int ReadLength(ReadOnlySpan<byte> start, int maximum = MaximumLength)
    {
        if (start.Length < LengthBytes)
        {
            throw new FormatException(
                $"A safetensors file starts with the {LengthBytes} bytes of its header's length, but there are only {start.Length}.");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        return length <= (ulong)maximum
            ? (int)length
            : throw new FormatException(
                $"The header's length is {length} bytes, above the limit of {maximum}. The file is damaged or in another format.");
    }

    /// <exception cref="FormatException">The header breaks the format; the message names the tensor and the reason.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != '{')
        {
            throw new FormatException("The header does not start with '{'. The file is damaged or in another format.");
        }

        if (!Utf8.IsValid(json))
        {
            throw new FormatException("The header is not valid UTF-8.");
        }

        try
        {
            return ParseObject(json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // or: half a surrogate
        {
            throw new FormatException($"The header is not valid JSON: {exception.Message}", exception);
        }
    }

    private static SafetensorsHeader ParseObject(ReadOnlySpan<byte> json)
    {
        Dictionary<string, string>? metadata = null;
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json); // as it is: no comments, no trailing commas, 64 levels
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Text(ref reader, MaximumNameBytes, "a name");
            reader.Read();
            if (name != MetadataKey)
            {
                AddOnce(entries, name, SafetensorsEntry.Read(ref reader, name), "the header", MaximumTensors);
            }
            else if (metadata is null)
            {
                metadata = ReadMetadata(ref reader);
            }
            else
            {
                throw new FormatException($"The header has {MetadataKey} twice.");
            }
        }

        if (json[(int)reader.BytesConsumed..].ContainsAnyExcept((byte)' '))
        {
            throw new FormatException("The header has other bytes than spaces after its JSON.");
        }

        return new SafetensorsHeader(metadata ?? [], InOrder(entries.Values));
    }

    private static Dictionary<string, string> ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException($"{MetadataKey} must be a JSON object of strings.");
        }

        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = Text(ref reader, MaximumNameBytes, $"a name in {MetadataKey}");
            reader.Read();
            var value = reader.TokenType == JsonTokenType.String
                ? Text(ref reader, MaximumTextBytes, $"a text of {MetadataKey}")
                : throw new FormatException($"{MetadataKey} must hold strings, but {SafetensorsEntry.Quote(key)} is none.");
            AddOnce(metadata, key, value, MetadataKey, MaximumTexts);
        }

        return metadata;
    }

    private static string Text(ref Utf8JsonReader reader, int maximumBytes, string what) => reader.ValueSpan.Length <= maximumBytes
        ? reader.GetString()!
        : throw new FormatException($"The header has {what} of {reader.ValueSpan.Length} bytes, above the limit of {maximumBytes}.");

    private static SafetensorsEntry[] InOrder(IEnumerable<SafetensorsEntry> unordered)
    {
        // An empty tensor shares its offset with the next one and has to come before it.
        var entries = unordered.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End).ToArray();
        var end = 0L;
        foreach (var entry in entries)
        {
            if (entry.Begin != end)
            {
                throw new FormatException(
                    $"Tensor {SafetensorsEntry.Quote(entry.Name)} starts at byte {entry.Begin} of the data, but the tensors before it end at {end}: {(entry.Begin < end ? "they overlap" : "there is a hole")}.");
            }

            end = entry.End;
        }

        return entries;
    }

    private static void AddOnce<T>(Dictionary<string, T> items, string name, T value, string place, int maximum)
    {
        if (items.Count == maximum)
        {
            throw new FormatException($"There are more than {maximum} names in {place}.");
        }

        if (!items.TryAdd(name, value))
        {
            throw new FormatException($"The name {SafetensorsEntry.Quote(name)} is twice in {place}.");
        }
    }
}
