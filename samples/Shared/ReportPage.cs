using System.Globalization;
using System.Net;
using System.Text;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>A web page that stands alone: pictures and charts are in it, it asks for no other file, no font and no script of its own.</summary>
/// <param name="Title">The page's title.</param>
/// <param name="Introduction">What it is about, in a sentence or two.</param>
/// <param name="Sections">Its parts, from above.</param>
public sealed record ReportPage(string Title, string Introduction, IReadOnlyList<ReportSection> Sections)
{
    private const int PageWidth = 860;
    private const int MostEnlarged = 3;

    // Letters of the machine, or else the page's own, there before the first of them is drawn; colours of both kinds of screen; pixels are shown as pixels.
    private const string Style = """
        :root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; }
        @media (prefers-color-scheme: dark) { :root { --paper: #15181d; --ink: #e6e9ed; --soft: #9aa4af; --line: #343b44; } }
        body { margin: 0 auto; padding: 2rem 1.2rem 4rem; max-width: 960px; background: var(--paper); color: var(--ink); font: 16px/1.5 Page, system-ui, sans-serif; }
        h1, h2 { font-weight: normal; line-height: 1.25; }
        h1 { margin: 0 0 .5rem; font-size: 2rem; }
        h2 { margin: 2.6rem 0 .3rem; font-size: 1.35rem; }
        p { margin: 0 0 .9rem; max-width: 41rem; color: var(--soft); }
        .picture { display: grid; grid-template-columns: max-content minmax(0, var(--width)); justify-content: start; font-size: .8rem; color: var(--soft); }
        .picture img { grid-row: 2; grid-column: 2; display: block; width: 100%; height: auto; image-rendering: pixelated; }
        .rows { grid-row: 2; grid-column: 1; display: grid; grid-auto-rows: 1fr; padding-right: .7rem; text-align: right; white-space: nowrap; }
        .rows span { display: grid; align-items: center; min-height: 0; }
        .columns { grid-row: 1; grid-column: 2; display: grid; grid-auto-columns: 1fr; grid-auto-flow: column; text-align: center; }
        svg { display: block; max-width: 100%; height: auto; }
        table { border-collapse: collapse; }
        th, td { padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: normal; overflow-wrap: anywhere; }
        th { color: var(--soft); white-space: nowrap; }
        """;

    /// <summary>Makes the page.</summary>
    /// <returns>An HTML document.</returns>
    /// <exception cref="IOException">A picture cannot be read.</exception>
    public string ToHtml() => $$"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{Text(Title)}}</title>
        <link rel="preload" as="font" type="font/woff2" crossorigin href="{{Letters.FontSource}}">
        <style>
        @font-face { font-family: Page; src: local("Segoe UI"), local("Helvetica Neue"), local("Arial"), local("Noto Sans"), local("DejaVu Sans"), url({{Letters.FontSource}}); }
        {{Style}}
        </style>
        </head>
        <body>
        <h1>{{Text(Title)}}</h1>
        <p>{{Text(Introduction)}}</p>
        {{string.Join('\n', Sections.Select(Html))}}
        </body>
        </html>

        """;

    /// <summary>Writes the page.</summary>
    /// <param name="path">Where.</param>
    /// <exception cref="IOException">A picture cannot be read, or the page cannot be written.</exception>
    public void Save(string path) => WholeFile.WriteText(path, ToHtml());

    private static string Html(ReportSection section)
    {
        var html = new StringBuilder($"<section>\n<h2>{Text(section.Title)}</h2>\n<p>{Text(section.Text)}</p>\n");
        if (section.PicturePath is { } path)
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<div class=\"picture\" style=\"--width: {DisplayWidth(path)}px\">\n{Labels("columns", section.ColumnLabels)}{Labels("rows", section.RowLabels)}{Picture(path, section)}\n</div>\n");
        }

        if (section.Svg is { } svg)
        {
            html.Append(svg).Append('\n');
        }

        if (section.Markup is { } markup)
        {
            html.Append(markup).Append('\n');
        }

        if (section.Facts.Count > 0)
        {
            html.Append("<table>\n")
                .AppendJoin("", section.Facts.Select(fact =>
                    $"<tr><th scope=\"row\">{Text(fact.Name)}</th><td>{Text(fact.Value)}</td></tr>\n"))
                .Append("</table>\n");
        }

        return html.Append("</section>").ToString();
    }

    private static string Labels(string kind, IReadOnlyList<string> labels) =>
        labels.Count == 0 ? "" : $"<div class=\"{kind}\">{string.Concat(labels.Select(label => $"<span>{Text(label)}</span>"))}</div>\n";

    private static string Picture(string path, ReportSection section)
    {
        var type = Path.GetExtension(path).TrimStart('.').ToLowerInvariant() switch { "jpg" => "jpeg", var extension => extension };
        return $"<img alt=\"{Text($"{section.Title}: {section.Text}")}\" src=\"data:image/{type};base64,{Convert.ToBase64String(File.ReadAllBytes(path))}\">";
    }

    // Small pictures are shown enlarged by a whole number.
    private static int DisplayWidth(string path)
    {
        using var file = File.OpenRead(path);
        using var picture = SKCodec.Create(file) ?? throw new IOException($"'{path}' is no picture.");
        var width = picture.Info.Width;
        return width * Math.Clamp(PageWidth / width, 1, MostEnlarged);
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
