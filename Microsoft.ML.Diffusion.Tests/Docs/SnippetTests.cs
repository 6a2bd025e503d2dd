namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary>The mechanism that keeps documents true finds what is wrong, and where.</summary>
[TestClass]
public sealed class SnippetTests
{
    // The marks are put in later, or they would mark this file.
    private const string Source = """
        using Microsoft.ML;

        namespace Somewhere;

        internal static class Example
        {
            public static void Run()
            {
                #mark
                var mlContext = new MLContext(seed: 1);
                var steps = Shown(Math.Max(20_000, 1), tested: Math.Min(2, 3)); // many
                Use(mlContext,
                    steps);
                #endmark

                Unmarked();
            }
        }
        """;

    private const string Shown = """
        using Microsoft.ML;

        var mlContext = new MLContext(seed: 1);
        var steps = Math.Max(20_000, 1); // many
        Use(mlContext, steps);
        """;

    [TestMethod]
    public void FaultOf_CodeOfASnippet_IsNone() => Assert.IsNull(Fault(Shown));

    [TestMethod]
    public void FaultOf_OtherCode_NamesPlaceAndDifference() => Assert.AreEqual(
        "guide.md:3: no #region snippet of a sample or a test has this code; that of Example.cs:9 reads ' = Math.Max(20_000, 1); // many Use(mlContext, steps);' where the document has ' = Math.Max(20_000, 2); // many Use(mlContext, steps);'.",
        Fault(Shown.Replace("20_000, 1", "20_000, 2", StringComparison.Ordinal)));

    [TestMethod]
    public void FaultOf_UnmarkedCode_NamesPlace() => Assert.AreEqual("guide.md:3: no #region snippet of a sample or a test has this code.", Fault("Unmarked();"));

    [TestMethod]
    public void FaultOf_NamespaceThatTheSnippetDoesNotUse_NamesIt() => Assert.AreEqual("guide.md:3: 'using Microsoft.ML.Data;' is not in Example.cs:9.", Fault("using Microsoft.ML.Data;\n" + Shown));

    [TestMethod]
    public void In_Blocks_KnowTheirLanguages()
    {
        var blocks = CodeBlock.In("guide.md", "```sh\nls\n```\n\n- item\n\n  ```csharp\n  Run();\n  ```\n\n```\nnothing said\n```\n").ToList();

        CollectionAssert.AreEqual(new[] { "guide.md:1 sh", "guide.md:7 csharp", "guide.md:11 " }, blocks.Select(block => $"{block} {block.Language}").ToArray());
        Assert.AreEqual("  Run();\n", blocks[1].Text);
    }

    private static string? Fault(string code) =>
        Snippet.FaultOf(CodeBlock.In("guide.md", $"# Guide\n\n```csharp\n{code}\n```\n").Single(), [.. Snippet.In("Example.cs", Source.ReplaceLineEndings("\n").Replace("#mark", "#region snippet", StringComparison.Ordinal).Replace("#endmark", "#endregion", StringComparison.Ordinal))]);
}
