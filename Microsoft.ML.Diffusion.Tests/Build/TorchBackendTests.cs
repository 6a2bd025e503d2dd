using System.Text.Json;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>
/// Which packages an application of this repository gets for each system and backend: by MSBuild's evaluation, since most cannot be restored on one
/// machine.
/// </summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class TorchBackendTests
{
    private static readonly string _app = BuildFiles.InRoot("samples", "QuickStart", "QuickStart.csproj");

    [TestMethod]
    [DataRow("linux", "none", "[0.107.0,0.108)", "")]
    [DataRow("windows", "none", "[0.106.0,0.107)", "")]
    [DataRow("macos", "none", "[0.107.0,0.108)", "")]
    [DataRow("linux", "cpu", "[0.107.0,0.108)", "libtorch-cpu-linux-x64 2.10.0")]
    [DataRow("linux", "cuda", "[0.107.0,0.108)", "TorchSharp-cuda-linux 0.107.0")]
    [DataRow("windows", "cpu", "[0.106.0,0.107)", "libtorch-cpu-win-x64 2.10.0")]
    [DataRow("windows", "cuda", "[0.106.0,0.107)", "TorchSharp-cuda-windows 0.106.0")]
    [DataRow("macos", "cpu", "[0.107.0,0.108)", "libtorch-cpu-osx-arm64 2.10.0")]
    public void Evaluation_SystemAndBackend_GiveThePackage(string system, string backend, string torchSharp, string expected)
    {
        var (exitCode, output) =
            BuildFiles.RunDotnet(
                "msbuild",
                _app,
                "-getItem:PackageReference,PackageVersion",
                $"-p:TorchSystem={system}",
                $"-p:TorchBackend={backend}");

        Assert.AreEqual(0, exitCode, output);
        using var items = JsonDocument.Parse(output);
        var versions =
            items.RootElement.GetProperty("Items")
                .GetProperty("PackageVersion")
                .EnumerateArray()
                .ToDictionary(Identity, item => item.GetProperty("Version").GetString());
        Assert.AreEqual(torchSharp, versions["TorchSharp"]);
        var references = items.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray().Select(Identity);
        Assert.AreEqual(expected, string.Join(", ", references.Select(name => $"{name} {versions[name]}")));
    }

    [TestMethod]
    [DataRow("samples/QuickStart/QuickStart.csproj", "none")]
    [DataRow("samples/TrainAndGenerate/TrainAndGenerate.csproj", "none")]
    [DataRow("tool/Diffusion.Tool.csproj", "none")]
    [DataRow("benchmarks/Benchmarks.csproj", "cpu")]
    [DataRow("fuzz/Fuzz.csproj", "cpu")]
    [DataRow("Microsoft.ML.Diffusion.Tests/Microsoft.ML.Diffusion.Tests.csproj", "cpu")]
    public void Evaluation_NothingSaid_IsWhatTheApplicationNeedsOnThisSystem(string app, string backend)
    {
        var (exitCode, output) = BuildFiles.RunDotnet("msbuild", BuildFiles.InRoot(app), "-getProperty:TorchSystem,TorchBackend");

        Assert.AreEqual(0, exitCode, output);
        using var properties = JsonDocument.Parse(output);
        var system = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : "linux";
        Assert.AreEqual(system, properties.RootElement.GetProperty("Properties").GetProperty("TorchSystem").GetString());
        Assert.AreEqual(backend, properties.RootElement.GetProperty("Properties").GetProperty("TorchBackend").GetString());
    }

    [TestMethod]
    [DataRow("linux", "gpu", "TorchBackend must be none (no libtorch), cpu (libtorch to compare with) or cuda (libtorch for an NVIDIA GPU), but is 'gpu'.")]
    [DataRow("macos", "cuda", "TorchBackend must be none or cpu on macOS, because there is no CUDA for it.")]
    public void Restore_BackendThatDoesNotExist_SaysWhichDo(string system, string backend, string expected)
    {
        var (exitCode, output) =
            BuildFiles.RunDotnet(
                "msbuild",
                _app,
                "-nologo",
                "-tl:off",
                "-t:CollectPackageReferences",
                $"-p:TorchSystem={system}",
                $"-p:TorchBackend={backend}");

        Assert.AreEqual(1, exitCode, output);
        StringAssert.Contains(output, $" error : {expected} [");
    }

    private static string Identity(JsonElement item) => item.GetProperty("Identity").GetString()!;
}
