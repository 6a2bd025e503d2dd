namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>What the documents show is what the samples compile.</summary>
[TestClass]
public sealed class DocumentationTests
{
    [TestMethod]
    public void Readme_FirstCode_IsTheQuickStartSample()
    {
        var root = BuildFiles.Root;
        var sample = File.ReadAllText(Path.Combine(root, "samples", "QuickStart", "Program.cs")).ReplaceLineEndings("\n");

        var readme = File.ReadAllText(Path.Combine(root, "README.md")).ReplaceLineEndings("\n");

        var code = readme.Split("```csharp\n")[1].Split("```")[0];
        Assert.AreEqual(sample, code);
        Assert.IsLessThan(21, code.Split('\n').Count(line => line.Trim().Length > 0 && !line.StartsWith("using Microsoft", StringComparison.Ordinal)), "20 lines to a picture");
    }
}
