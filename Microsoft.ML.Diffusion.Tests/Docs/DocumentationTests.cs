using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary>What the documents show is compiled, and what they point to is there.</summary>
[TestClass]
public sealed partial class DocumentationTests
{
    private static readonly string[] _languages = ["csharp", "sh", "python", "xml", "json", "text"];

    [TestMethod]
    public void EveryBlockOfCode_IsASnippetThatIsCompiled()
    {
        var (blocks, snippets) = (CodeBlock.All().Where(block => block.Language == "csharp").ToList(), Snippet.All());

        var faults = blocks.Select(block => Snippet.FaultOf(block, snippets)).OfType<string>().ToList();

        Assert.IsGreaterThan(15, blocks.Count);
        Assert.IsEmpty(faults, "\n" + string.Join("\n", faults));
    }

    [TestMethod]
    public void EverySnippet_IsShownByADocument()
    {
        var blocks = CodeBlock.All().Where(block => block.Language == "csharp").ToList();

        var unused = Snippet.All().Where(snippet => blocks.All(block => Snippet.FaultOf(block, [snippet]) is not null)).ToList();

        Assert.IsEmpty(unused, string.Join(", ", unused));
    }

    [TestMethod]
    public void EveryBlock_SaysItsLanguage()
    {
        var faults =
            CodeBlock.All().Where(block => !_languages.Contains(block.Language)).Select(block => $"{block} {block.Language}").ToList();

        Assert.IsEmpty(faults, string.Join(", ", faults));
    }

    [TestMethod]
    public void EveryLink_LeadsToAFileAndAHeading()
    {
        var broken =
            CodeBlock.Documents.SelectMany(
                document => Links(document).Where(link => !Exists(document, link)).Select(link => $"{document}: {link}")).ToList();

        Assert.IsEmpty(broken, string.Join("\n", broken));
    }

    [TestMethod]
    public void EveryCommand_NamesAProjectThatIsThere()
    {
        var projects =
            CodeBlock.Documents.SelectMany(document => Projects().Matches(CodeBlock.Read(document)).Select(match => match.Groups[1].Value))
                .Distinct()
                .ToList();

        Assert.IsNotEmpty(projects);
        foreach (var project in projects)
        {
            Assert.IsTrue(
                Directory.Exists(BuildFiles.InRoot(project)) && Directory.EnumerateFiles(BuildFiles.InRoot(project), "*.csproj").Any(),
                project);
        }
    }

    [TestMethod]
    public void Pictures_AreSmallAndAllShown()
    {
        var files =
            Directory.EnumerateFiles(BuildFiles.InRoot("docs", "images"), "*", SearchOption.AllDirectories)
                .Select(path => new FileInfo(path))
                .ToList();
        var shown =
            CodeBlock.Documents.SelectMany(
                document =>
                    Links(document).Select(link =>
                        Path.GetFullPath(BuildFiles.InRoot(Path.GetDirectoryName(document)!, link)))).ToHashSet();

        Assert.IsEmpty(files.Where(file => file.Length > 60_000), "each below 60 KB");
        Assert.IsLessThan(1_200_000, files.Sum(file => file.Length));
        Assert.IsEmpty(
            files.Where(file => !shown.Contains(file.FullName)),
            string.Join(", ", files.Where(file => !shown.Contains(file.FullName)).Select(file => file.Name)));
    }

    [TestMethod]
    public void Readme_FirstCode_IsShortAndTheQuickStartSample()
    {
        var code = CodeBlock.In("README.md", CodeBlock.Read("README.md")).First(block => block.Language == "csharp");

        Assert.IsNull(Snippet.FaultOf(code, [.. Snippet.All().Where(snippet => snippet.File == "samples/QuickStart/Program.cs")]));
        Assert.IsLessThan(
            21,
            code.Text.Split('\n').Count(line => line.Trim().Length > 0 && !line.StartsWith("using Microsoft", StringComparison.Ordinal)),
            "20 lines to a picture");
    }

    private static IEnumerable<string> Links(string document) =>
        Link().Matches(CodeBlock.Prose(CodeBlock.Read(document))).Select(match => match.Groups[1].Value);

    private static bool Exists(string document, string link)
    {
        if (link.Contains("://", StringComparison.Ordinal))
        {
            return true; // a place on the network, which a test cannot rely on
        }

        var (file, anchor) = link.Split('#') is [var path, var heading] ? (path, heading) : (link, null);
        var target =
            file.Length == 0
                ? document
                : Path.GetRelativePath(BuildFiles.Root, Path.GetFullPath(BuildFiles.InRoot(Path.GetDirectoryName(document)!, file)));
        return Path.Exists(BuildFiles.InRoot(target)) && (anchor is null || Anchors(target).Contains(anchor));
    }

    // As GitHub makes them: lower case, no punctuation, blanks to hyphens.
    private static IEnumerable<string> Anchors(string document) => Heading().Matches(CodeBlock.Prose(CodeBlock.Read(document)))
        .Select(match => Punctuation().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex("""(?:\]\(|<img src=")([^)"\s]+)""")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"--project ([\w./-]+)")]
    private static partial Regex Projects();
}
