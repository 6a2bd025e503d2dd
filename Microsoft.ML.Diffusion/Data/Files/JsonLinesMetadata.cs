using System.Text.Json;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Metadata as JSON lines: an object on each.</summary>
internal static class JsonLinesMetadata
{
    /// <summary>The names of the first line.</summary>
    /// <exception cref="BrokenLineException">It cannot be understood.</exception>
    public static IReadOnlyList<string> Fields(TextReader reader) =>
        Lines(reader).Select(line => Parsed(line, element => Names(line.Number, element))).FirstOrDefault() ?? [];

    /// <summary>Does something with each line.</summary>
    /// <returns>The names of all lines.</returns>
    /// <exception cref="BrokenLineException">A line cannot be understood.</exception>
    public static IReadOnlyList<string> Each(TextReader reader, string labelField, Action<MetadataRow> body)
    {
        var (fields, known) = (new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var line in Lines(reader))
        {
            var row = Parsed(line, element =>
            {
                fields.AddRange(Names(line.Number, element).Where(known.Add));
                return Row(line.Number, element, labelField);
            });
            body(row);
        }

        return fields;
    }

    private static IEnumerable<(int Number, string Text)> Lines(TextReader reader)
    {
        for (var number = 1; reader.ReadLine() is { } text; number++)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                yield return (number, text);
            }
        }
    }

    private static T Parsed<T>((int Number, string Text) line, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(line.Text);
            return read(document.RootElement);
        }
        catch (JsonException broken)
        {
            throw new BrokenLineException(
                line.Number,
                FormattableString.Invariant($"it is no JSON from byte {broken.BytePositionInLine + 1} on; each line must be one object, such as {{\"file_name\": \"1.png\", \"label\": \"cat\"}}"));
        }
        catch (InvalidOperationException) // of a text: half of a surrogate pair
        {
            throw new BrokenLineException(line.Number, "a text in it is no Unicode");
        }
    }

    private static string[] Names(int line, JsonElement element) => element.ValueKind == JsonValueKind.Object
        ? [.. element.EnumerateObject().Select(property => property.Name)]
        : throw new BrokenLineException(line, $"it is {Kind(element)}, but must be an object, such as {{\"file_name\": \"1.png\", \"label\": \"cat\"}}");

    private static MetadataRow Row(int line, JsonElement element, string labelField)
    {
        List<string> names = [];
        string? label = null;
        foreach (var property in element.EnumerateObject())
        {
            if (property.Name == labelField)
            {
                label = Label(line, property);
            }

            if (MetadataFile.NamesImages(property.Name))
            {
                names.AddRange(ImagesOf(line, property));
            }
        }

        return new(line, names, label);
    }

    private static IEnumerable<string> ImagesOf(int line, JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.String => [property.Value.GetString()!],
        JsonValueKind.Null => [],
        JsonValueKind.Array => property.Value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String
            ? item.GetString()!
            : throw new BrokenLineException(line, $"'{property.Name}' has {Kind(item)} among its names, but must be a list of texts")),
        _ => throw new BrokenLineException(line, $"'{property.Name}' is {Kind(property.Value)}, but must be the name of a file"),
    };

    private static string? Label(int line, JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.String => property.Value.GetString()!.Trim() is { Length: > 0 } text ? text : null,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => property.Value.GetRawText(),
        JsonValueKind.Null => null,
        _ => throw new BrokenLineException(
            line,
            $"'{property.Name}' is {Kind(property.Value)}, but a class must be a text, a number, true or false"),
    };

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
