using System.Globalization;

namespace Experiments.Statistics;

/// <summary>What an experiment found: written as Markdown for a person, and as comma-separated values for a spreadsheet.</summary>
/// <param name="columns">The columns; numbers are aligned to the right.</param>
internal sealed class ResultTable(params IReadOnlyList<Column> columns)
{
    private readonly List<object[]> _rows = [];

    /// <summary>Adds a row.</summary>
    /// <param name="cells">A text, a whole number, a <see cref="double"/> or null, which is left empty, for each column.</param>
    /// <exception cref="ArgumentException">There are more or fewer cells than columns.</exception>
    public void Add(params object?[] cells)
    {
        if (cells.Length != columns.Count)
        {
            throw new ArgumentException($"A row must have {columns.Count} cells, one for each column, but has {cells.Length}.", nameof(cells));
        }

        _rows.Add(Array.ConvertAll(cells, cell => cell ?? ""));
    }

    /// <summary>The table as Markdown, with a line feed at its end.</summary>
    public string ToMarkdown() => Lines(
        [
            Line(columns.Select(column => column.Name)),
            Line(columns.Select((_, i) => _rows.Any(row => row[i] is not string) ? "---:" : "---")),
            .. _rows.Select(row => Line(row.Select((cell, i) => Text(cell, columns[i].Format)))),
        ]);

    /// <summary>The table as comma-separated values (RFC 4180, with line feeds), its numbers with all their digits.</summary>
    public string ToCsv() => Lines(
        [string.Join(',', columns.Select(column => Quoted(column.Name))), .. _rows.Select(row => string.Join(',', row.Select(Quoted)))]);

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => $"{line}\n"));

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private static string Quoted(object cell)
    {
        var text = Text(cell, "");
        return text.AsSpan().IndexOfAny(",\"\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Text(object cell, string format) => cell is IFormattable number
        ? number.ToString(format, CultureInfo.InvariantCulture)
        : (string)cell;
}
