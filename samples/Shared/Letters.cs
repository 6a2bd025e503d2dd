using System.Globalization;
using System.Xml.Linq;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Letters that come with the program, for machines that have no fonts: Fonts/README.md says where they are from.</summary>
internal static class Letters
{
    private const double UnitsPerSize = 2048;
    private const double HeightPerSize = 0.9; // of the letters, without space between lines
    private const char Unknown = '?';

    private static readonly Dictionary<char, (int Width, string Outline)> _letters = Read();

    /// <summary>The font of ASCII as a data address, for a style sheet.</summary>
    public static string FontSource { get; } = $"data:font/woff2;base64,{Convert.ToBase64String(Resource("text.woff2"))}";

    /// <summary>The width and the height of a line of text.</summary>
    public static (double Width, double Height) Measure(string? text, double size) =>
        ((text ?? "").Sum(letter => Find(letter).Width) * size / UnitsPerSize, string.IsNullOrEmpty(text) ? 0 : HeightPerSize * size);

    /// <summary>Puts outlines in the place of an svg document's texts, which stay as labels for those who do not see them.</summary>
    public static void Outline(XElement svg)
    {
        var names = svg.Name.Namespace;
        foreach (var text in svg.Descendants(names + "text").ToList())
        {
            text.ReplaceWith(Outline(text, names));
        }
    }

    private static XElement Outline(XElement text, XNamespace names)
    {
        string Value(string name) => text.Attribute(name)?.Value ?? "";
        var scale = double.Parse(Value("font-size"), CultureInfo.InvariantCulture) / UnitsPerSize;
        var width = text.Value.Sum(letter => Find(letter).Width);
        var x = Value("text-anchor") switch { "middle" => -width / 2, "end" => -width, _ => 0 };
        var group = new XElement(
            names + "g",
            new XAttribute("role", "img"),
            new XAttribute("aria-label", text.Value),
            new XAttribute("fill", Value("fill")),
            new XAttribute("transform", string.Create(CultureInfo.InvariantCulture, $"{Value("transform")} scale({scale:G5})")));
        foreach (var letter in text.Value)
        {
            var (advance, outline) = Find(letter);
            if (outline.Length > 0)
            {
                group.Add(
                    new XElement(
                        names + "path",
                        new XAttribute("transform", string.Create(CultureInfo.InvariantCulture, $"translate({x},0)")),
                        new XAttribute("d", outline)));
            }

            x += advance;
        }

        return group;
    }

    private static (int Width, string Outline) Find(char letter) => _letters.TryGetValue(letter, out var found) ? found : _letters[Unknown];

    private static Dictionary<char, (int Width, string Outline)> Read()
    {
        using var reader = new StreamReader(new MemoryStream(Resource("outlines.txt")));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Split('\t'))
            .ToDictionary(parts => parts[0][0], parts => (int.Parse(parts[1], CultureInfo.InvariantCulture), parts[2]));
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(Letters).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
