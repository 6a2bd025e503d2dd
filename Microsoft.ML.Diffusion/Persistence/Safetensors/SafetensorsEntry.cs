using System.Text.Json;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>One tensor of a safetensors header.</summary>
/// <param name="Name">Its name: any text, the empty one included.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its dimensions; none for a scalar.</param>
/// <param name="Begin">Where its bytes start, from the start of the data.</param>
/// <param name="End">Where they end (exclusive).</param>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, long[] Shape, long Begin, long End)
{
    internal const int MaximumRank = 64;

    private const int MaximumFieldBytes = 100; // of those that are known, however they are escaped

    /// <summary>Reads the entry whose value the reader stands at.</summary>
    /// <exception cref="FormatException">The entry is incomplete or contradicts itself.</exception>
    internal static SafetensorsEntry Read(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Refuse(name, "must be a JSON object with dtype, shape and data_offsets.");
        }

        SafetensorsType? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            switch (reader.ValueSpan.Length <= MaximumFieldBytes ? reader.GetString() : null)
            {
                case "dtype" when type is null:
                    type = ReadType(ref reader, name);
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, name, "shape");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, name, "data_offsets");
                    break;
                case ("dtype" or "shape" or "data_offsets") and var field:
                    throw Refuse(name, $"has {field} twice.");
                default:
                    reader.Skip(); // a field of a later version of the format
                    break;
            }
        }

        return Validated(
            name,
            type ?? throw Refuse(name, "has no dtype."),
            shape ?? throw Refuse(name, "has no shape."),
            offsets ?? throw Refuse(name, "has no data_offsets."));
    }

    /// <summary>Returns a name for a message: short and on one line, whatever a file calls its tensors.</summary>
    internal static string Quote(string name)
    {
        const int maximumLength = 100;

        var shown = name.Length > maximumLength ? name[..maximumLength] + "..." : name;
        return $"'{string.Concat(shown.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()))}'";
    }

    internal static string ShapeText(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    private static SafetensorsEntry Validated(string name, SafetensorsType type, long[] shape, long[] offsets)
    {
        if (offsets is not [var begin, var end] || begin > end)
        {
            throw Refuse(name, $"must have two data_offsets, begin and end, with begin <= end, but they are {ShapeText(offsets)}.");
        }

        var byteCount = type.ByteCount(shape)
            ?? throw Refuse(name, $"has shape {ShapeText(shape)}, which takes more bytes of {type} than a file can have.");
        return byteCount == end - begin
            ? new SafetensorsEntry(name, type, shape, begin, end)
            : throw Refuse(
                name,
                $"has dtype {type} and shape {ShapeText(shape)}, which take {byteCount} bytes, but its data_offsets {ShapeText(offsets)} span {end - begin}.");
    }

    private static SafetensorsType ReadType(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Refuse(name, "must have a string as dtype.");
        return SafetensorsType.TryParse(text, out var type)
            ? type
            : throw Refuse(name, $"has the unknown dtype {Quote(text)}. Known are {string.Join(", ", Enum.GetNames<SafetensorsType>())}.");
    }

    private static long[] ReadNumbers(ref Utf8JsonReader reader, string name, string field)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Refuse(name, $"must have an array as {field}.");
        }

        Span<long> numbers = stackalloc long[MaximumRank];
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == MaximumRank)
            {
                throw Refuse(name, $"has more than {MaximumRank} numbers in {field}.");
            }

            // Unsigned, since "-0" is no size either.
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt64(out var number) || number > long.MaxValue)
            {
                throw Refuse(name, $"must have whole numbers from 0 to {long.MaxValue} in {field}.");
            }

            numbers[count++] = (long)number;
        }

        return numbers[..count].ToArray();
    }

    private static FormatException Refuse(string name, string what) => new($"Tensor {Quote(name)} {what}");
}
