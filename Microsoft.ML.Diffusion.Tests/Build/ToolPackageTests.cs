using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>What the tool is packed as. Packing it takes long, so its properties are asked for.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolPackageTests
{
    [TestMethod]
    [DataRow("tool/Diffusion.Tool.csproj", "diffusion", "Microsoft.ML.Diffusion.Tool", "tool.md")]
    [DataRow("tool.evaluate/Diffusion.Evaluate.csproj", "diffusion-evaluate", "Microsoft.ML.Diffusion.Tool.Evaluate", "evaluation.md")]
    public void Tool_Package_IsOneForThisSystem(string project, string command, string package, string readme)
    {
        var (exitCode, output) = BuildFiles.RunDotnet(
            "msbuild",
            BuildFiles.InRoot(project),
            "-getProperty:PackAsTool,ToolCommandName,PackageId,PackageReadmeFile,RuntimeIdentifiers,SelfContained,EnableRuntimePackDownload",
            "-getItem:PackageReference,Content");

        Assert.AreEqual(0, exitCode, output);
        var document = JsonNode.Parse(output)!;
        var system = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        Assert.AreEqual(
            $$"""{"PackAsTool":"true","ToolCommandName":"{{command}}","PackageId":"{{package}}","PackageReadmeFile":"{{readme}}","RuntimeIdentifiers":"{{system}}","SelfContained":"false","EnableRuntimePackDownload":"false"}""",
            document["Properties"]!.ToJsonString());
        var references = document["Items"]!["PackageReference"]!.AsArray().Select(reference => (string)reference!["Identity"]!).ToList();
        var content = document["Items"]!["Content"]!.AsArray().Where(file => (string?)file!["Pack"] != "false").ToList();
        Assert.IsEmpty(content, "networks of 64 MB beside the program would be in the package twice more");
        Assert.IsFalse(references.Exists(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase)), string.Join(", ", references));
    }

    [TestMethod]
    public void OnnxRuntime_IsThatOfThisSystem_AndBesideWhatEvaluatesOnly()
    {
        string[] programs =
        [
            SampleProcess.Built("tool.evaluate", "diffusion-evaluate.dll"),
            SampleProcess.Assembly("Evaluation"),
            SampleProcess.Assembly("TrainAndGenerate"),
            SampleProcess.Built("tool", "diffusion.dll"),
        ];

        var libraries =
            programs.Select(program => Directory.EnumerateFiles(Path.GetDirectoryName(program)!, "*onnx*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Path.GetDirectoryName(program)!, file).Replace('\\', '/'))
                .Where(file => file.StartsWith("runtimes/", StringComparison.Ordinal) || !file.Contains('/', StringComparison.Ordinal))
                .Where(file => !file.EndsWith(".dll", StringComparison.Ordinal) || file.Contains('/', StringComparison.Ordinal) || file == "onnxruntime.dll")
                .Select(file => Path.GetDirectoryName(file)!.Replace('\\', '/'))
                .Distinct())
            .ToList();

        var system = $"runtimes/{(OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64")}/native";
        CollectionAssert.AreEqual((string[])[system, system, "", ""], libraries.Select(found => string.Join(", ", found)).ToArray());
        foreach (var program in programs[2..])
        {
            Assert.DoesNotContain("onnx", File.ReadAllText(Path.ChangeExtension(program, ".deps.json")).ToLowerInvariant());
        }
    }
}
