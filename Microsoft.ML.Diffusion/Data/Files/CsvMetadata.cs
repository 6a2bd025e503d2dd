namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Metadata as CSV: a header, then a record for each line.</summary>
internal static class CsvMetadata
{
    /// <summary>The names of the header.</summary>
    /// <exception cref="BrokenLineException">It cannot be understood.</exception>
    public static IReadOnlyList<string> Fields(TextReader reader) =>
        new CsvRecords(reader).Read().Select(record => Header(record.Line, record.Fields)).FirstOrDefault() ?? [];

    /// <summary>Does something with each row.</summary>
    /// <returns>The names of the header.</returns>
    /// <exception cref="BrokenLineException">A line cannot be understood.</exception>
    public static IReadOnlyList<string> Each(TextReader reader, string labelField, Action<MetadataRow> body)
    {
        string[]? header = null;
        var (label, names) = (-1, Array.Empty<int>());
        foreach (var (line, fields) in new CsvRecords(reader).Read())
        {
            if (header is null)
            {
                header = Header(line, fields);
                label = header.Index().Where(field => field.Item == labelField).Select(field => field.Index).FirstOrDefault(-1);
                names = [.. header.Index().Where(field => MetadataFile.NamesImages(field.Item)).Select(field => field.Index)];
                continue;
            }

            if (fields.Count > header.Length)
            {
                throw new BrokenLineException(
                    line,
                    FormattableString.Invariant($"it has {fields.Count} fields, but the header has {header.Length}: put a text with commas into quotes"));
            }

            var text = label >= 0 && label < fields.Count ? fields[label].Trim() : "";
            body(new(
                line,
                [.. names.Where(name => name < fields.Count && fields[name].Length > 0).Select(name => fields[name])],
                text.Length > 0 ? text : null));
        }

        return header ?? [];
    }

    private static string[] Header(int line, IReadOnlyList<string> fields)
    {
        string[] names = [.. fields.Select(field => field.Trim())];
        var doubled = names.Where(name => name.Length > 0).CountBy(name => name).FirstOrDefault(name => name.Value > 1);
        return doubled.Value > 1
            ? throw new BrokenLineException(line, $"the header has '{doubled.Key}' {doubled.Value} times")
            : names is [var only] && only.AsSpan().IndexOfAny(';', '\t') >= 0
                ? throw new BrokenLineException(line, $"its columns are not separated by commas, but the header is '{only}'")
                : names;
    }
}
