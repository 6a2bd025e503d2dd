namespace Microsoft.ML.Diffusion.Samples;

/// <summary>A part of a report: a heading, a text, and below them a picture, a chart or a table.</summary>
/// <param name="Title">The heading.</param>
/// <param name="Text">What is to be seen, in a sentence or two.</param>
public sealed record ReportSection(string Title, string Text)
{
    /// <summary>Gets the file of a PNG, GIF, JPEG or WebP picture; its bytes become part of the page.</summary>
    public string? PicturePath { get; init; }

    /// <summary>Gets what stands beside the rows of the picture, from above; the rows are of one height.</summary>
    public IReadOnlyList<string> RowLabels { get; init; } = [];

    /// <summary>Gets what stands above the columns of the picture, from the left; the columns are of one width.</summary>
    public IReadOnlyList<string> ColumnLabels { get; init; } = [];

    /// <summary>Gets a chart as an svg element, written into the page as it is.</summary>
    public string? Svg { get; init; }

    /// <summary>Gets a part of HTML, written into the page as it is.</summary>
    public string? Markup { get; init; }

    /// <summary>Gets the rows of a table: names and values.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts { get; init; } = [];
}
