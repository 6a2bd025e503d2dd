using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>What the tool is packed as. Packing it takes long, so its properties are asked for.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolPackageTests
{
    [TestMethod]
    public void Tool_Package_IsOneForThisSystem()
    {
        var (exitCode, output) = BuildFiles.RunDotnet(
            "msbuild",
            BuildFiles.InRoot("tool", "Diffusion.Tool.csproj"),
            "-getProperty:PackAsTool,ToolCommandName,PackageId,PackageReadmeFile,RuntimeIdentifiers,SelfContained,EnableRuntimePackDownload",
            "-getItem:PackageReference");

        Assert.AreEqual(0, exitCode, output);
        var document = JsonNode.Parse(output)!;
        var system = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        Assert.AreEqual(
            $$"""{"PackAsTool":"true","ToolCommandName":"diffusion","PackageId":"Microsoft.ML.Diffusion.Tool","PackageReadmeFile":"tool.md","RuntimeIdentifiers":"{{system}}","SelfContained":"false","EnableRuntimePackDownload":"false"}""",
            document["Properties"]!.ToJsonString());
        var references = document["Items"]!["PackageReference"]!.AsArray().Select(reference => (string)reference!["Identity"]!).ToList();
        Assert.IsFalse(references.Exists(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase)), string.Join(", ", references));
    }
}
