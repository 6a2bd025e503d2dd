using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary>A part of a compiled file that documents show: what stands between <c>#region snippet</c> and <c>#endregion</c> in a sample or a test.</summary>
/// <remarks>
/// Where a test cannot do what the document says, because it would take an hour, it says <c>Shown(x, tested: y)</c>: documents show x, the test runs y, and both
/// are compiled as the same type.
/// </remarks>
/// <param name="File">The file, relative to the solution's folder.</param>
/// <param name="Line">The line of the mark, from 1.</param>
/// <param name="Usings">The namespaces that the file uses.</param>
/// <param name="Code">What is shown, every white space one blank.</param>
internal sealed partial record Snippet(string File, int Line, IReadOnlySet<string> Usings, string Code)
{
    private const string ShownCall = "Shown(";

    /// <summary>The snippets of all samples and tests.</summary>
    public static IReadOnlyList<Snippet> All() =>
    [
        .. new[] { "samples", "Microsoft.ML.Diffusion.Tests" }
            .SelectMany(folder => Directory.EnumerateFiles(BuildFiles.InRoot(folder), "*.cs", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(BuildFiles.Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Intersect(["bin", "obj"]).Any())
            .Order(StringComparer.Ordinal)
            .SelectMany(path => In(path, CodeBlock.Read(path))),
    ];

    public static IEnumerable<Snippet> In(string file, string text) => Marked().Matches(text).Select(match =>
        new Snippet(file, 1 + text.AsSpan(0, match.Groups["mark"].Index).Count('\n'), Namespaces(text), Normalize(AsShown(match.Groups["code"].Value))));

    /// <summary>Says what is wrong with a block of C#; null if a snippet is its code.</summary>
    public static string? FaultOf(CodeBlock block, IReadOnlyList<Snippet> snippets)
    {
        var code = Normalize(block.Text);
        var same = snippets.Where(snippet => snippet.Code == code).ToList();
        if (same.Count == 0)
        {
            var nearest = snippets.MaxBy(snippet => CommonStart(snippet.Code, code));
            var start = nearest is null ? 0 : CommonStart(nearest.Code, code);
            return $"{block}: no #region snippet of a sample or a test has this code" + (start < 20 ? "." : $"; that of {nearest} reads '{Excerpt(nearest!.Code, start)}' where the document has '{Excerpt(code, start)}'.");
        }

        var missing = Namespaces(block.Text).FirstOrDefault(name => !same[0].Usings.Contains(name));
        return missing is null ? null : $"{block}: 'using {missing};' is not in {same[0]}.";
    }

    public override string ToString() => $"{File}:{Line}";

    /// <summary>Code without the directives at its start, and with every white space one blank.</summary>
    private static string Normalize(string code) => WhiteSpace().Replace(UsingDirectives().Replace(code, ""), " ").Trim();

    private static HashSet<string> Namespaces(string text) => [.. UsingDirectives().Matches(text).Select(match => match.Groups["namespace"].Value)];

    private static string AsShown(string code)
    {
        for (var call = code.IndexOf(ShownCall, StringComparison.Ordinal); call >= 0; call = code.IndexOf(ShownCall, call, StringComparison.Ordinal))
        {
            var start = call + ShownCall.Length;
            var end = EndOfArgument(code, start);
            code = code[..call] + code[start..end] + code[(EndOfArgument(code, end + 1) + 1)..];
        }

        return code;
    }

    // Where a comma or a closing parenthesis ends the argument that starts at the given place.
    private static int EndOfArgument(string code, int start)
    {
        var (depth, end) = (0, start);
        while (depth > 0 || code[end] is not (',' or ')'))
        {
            depth += code[end] switch { '(' or '[' or '{' => 1, ')' or ']' or '}' => -1, _ => 0 };
            end++;
        }

        return end;
    }

    private static int CommonStart(string first, string second) => first.AsSpan().CommonPrefixLength(second);

    private static string Excerpt(string code, int start) => code[Math.Max(0, start - 20)..Math.Min(code.Length, start + 40)];

    [GeneratedRegex(@"^[ ]*(?<mark>#region snippet)[^\n]*\n(?<code>.*?)^[ ]*#endregion", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Marked();

    [GeneratedRegex(@"^using (?<namespace>[\w.]+);[ ]*$", RegexOptions.Multiline)]
    private static partial Regex UsingDirectives();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
