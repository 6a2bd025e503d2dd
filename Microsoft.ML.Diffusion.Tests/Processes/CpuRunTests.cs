using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>On the CPU the library computes by itself: nothing of TorchSharp is needed, and nothing of it is loaded where it is there.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class CpuRunTests
{
    private const string Done = "trained\ngenerated\nevaluated\nsaved and loaded";

    [TestMethod]
    public void Run_ApplicationWithTorchSharpAndLibTorch_LoadsNeither()
    {
        using var folder = new TemporaryFolder();

        Assert.AreEqual(Done, ChildProcess.Run("cpu", folder.Path).ReplaceLineEndings("\n"));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Run_ApplicationWithoutLibTorch_DoesAll()
    {
        using var app = AppFolder.WithoutLibTorch();

        AssertDoesAll(app);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Run_ApplicationWithoutTorchSharp_DoesAll()
    {
        using var app = AppFolder.WithoutTorchSharp();

        Assert.IsEmpty(app.Files.Where(file => file.Contains("torch", StringComparison.OrdinalIgnoreCase)).ToList());
        AssertDoesAll(app);
    }

    /// <summary>That what the others do not find is found where it is.</summary>
    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void OfTorch_ProcessThatComputesByLibTorch_NamesAssemblyAndFiles()
    {
        _ = TorchSharp.torch.zeros(1);

        var loaded = LoadedLibraries.OfTorch();

        StringAssert.StartsWith(loaded[0], "TorchSharp, ");
        foreach (var name in (string[])["libLibTorchSharp.so", "libc10.so", "libtorch_cpu.so"])
        {
            Assert.Contains(Path.Combine(AppFolder.LibTorchFolder, name), loaded);
        }
    }

    private static void AssertDoesAll(AppFolder app)
    {
        using var folder = new TemporaryFolder();

        var (exitCode, output, error) = ChildProcess.TryRunIn(app.Assembly, "cpu", folder.Path);

        Assert.AreEqual((0, "", Done), (exitCode, error, output.ReplaceLineEndings("\n")));
    }
}
