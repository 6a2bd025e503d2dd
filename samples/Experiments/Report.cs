using System.Text;
using Experiments.Statistics;

namespace Experiments;

/// <summary>What an experiment says in the end, as Markdown.</summary>
/// <param name="title">Its heading.</param>
internal sealed class Report(string title)
{
    private readonly StringBuilder _text = new($"# {title}\n");

    /// <summary>Adds a paragraph, its numbers with a point.</summary>
    public void Add(FormattableString text) => _text.Append('\n').Append(FormattableString.Invariant(text)).Append('\n');

    /// <summary>Adds a table with what it shows above it.</summary>
    public void Add(FormattableString caption, ResultTable table)
    {
        Add(caption);
        _text.Append('\n').Append(table.ToMarkdown());
    }

    /// <inheritdoc/>
    public override string ToString() => $"{_text}";
}
