using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary>A fenced block of a document.</summary>
/// <param name="File">The document, relative to the solution's folder.</param>
/// <param name="Line">The line of the opening fence, from 1.</param>
/// <param name="Language">The word after the fence; "" if there is none.</param>
/// <param name="Text">What is between the fences.</param>
internal sealed partial record CodeBlock(string File, int Line, string Language, string Text)
{
    /// <summary>The documents that users and contributors read, relative to the solution's folder.</summary>
    public static IReadOnlyList<string> Documents { get; } =
        ["README.md", "SECURITY.md", "CONTRIBUTING.md", "fuzz/README.md", "samples/README.md", .. Directory.EnumerateFiles(BuildFiles.InRoot("docs"), "*.md")
            .Order(StringComparer.Ordinal)
            .Select(path => $"docs/{Path.GetFileName(path)}")];

    public static string Read(string document) => System.IO.File.ReadAllText(BuildFiles.InRoot(document)).ReplaceLineEndings("\n");

    public static IEnumerable<CodeBlock> All() => Documents.SelectMany(document => In(document, Read(document)));

    /// <summary>Finds the blocks of a document, also those that are indented as part of a list.</summary>
    public static IEnumerable<CodeBlock> In(string file, string text)
    {
        foreach (Match match in Fenced().Matches(text))
        {
            yield return new CodeBlock(
                file,
                1 + text.AsSpan(0, match.Groups["fence"].Index).Count('\n'),
                match.Groups["language"].Value.Trim(),
                match.Groups["code"].Value);
        }
    }

    /// <summary>A document without its blocks.</summary>
    public static string Prose(string text) => Fenced().Replace(text, "");

    public override string ToString() => $"{File}:{Line}";

    [GeneratedRegex(@"^(?<indent>[ ]*)(?<fence>```+)(?<language>[^\n`]*)\n(?<code>.*?)^\k<indent>\k<fence>[ ]*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();
}
