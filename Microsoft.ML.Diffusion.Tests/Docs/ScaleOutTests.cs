using System.Diagnostics;
using Microsoft.ML.Diffusion.Benchmarks;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary><c>docs/scale-out.md</c>: its tables are what the model of costs gives, its constants those of the code.</summary>
[TestClass]
public sealed class ScaleOutTests
{
    private static readonly string _text = CodeBlock.Read("docs/scale-out.md").ReplaceLineEndings("\n");

    [TestMethod]
    public void Tables_AreWhatTheModelGives()
    {
        foreach (var table in new[] { ScaleTable.Training(onHost: true), ScaleTable.Training(onHost: false), ScaleTable.Shards() })
        {
            var text = string.Join('\n', table);
            StringAssert.Contains(_text, $"\n{text}\n", text);
        }
    }

    [TestMethod]
    public void Constants_AreThoseOfTheModel()
    {
        string[] rows =
        [
            $"| operations of a GPU | {ScaleModel.GpuOperations / 1e12:F0} TFLOP/s |",
            $"| bytes of a slice | {ScaleModel.SliceBytes / 1e6:F0} MB |",
            $"| latency of a message | {ScaleModel.Latency * 1e6:F0} us |",
            $"| copies between GPU and host | {ScaleModel.HostCopy / 1e9:F0} GB/s |",
            $"| sums on the host, for each GPU | {ScaleModel.HostSum / 1e9:F0} GB/s |",
            $"| steps of an image | {ScaleModel.SamplerSteps} |",
            $"| block of a file | {ScaleModel.BlockBytes:F0} bytes |",
            $"| line of a manifest | {ScaleModel.ManifestBytes:F0} bytes |",
        ];

        foreach (var row in rows)
        {
            StringAssert.Contains(_text, row);
        }
    }

    [TestMethod]
    public void Networks_AreAsLargeAsTheyAreCalled()
    {
        foreach (var network in ScaledNetwork.All)
        {
            StringAssert.Contains(
                _text,
                FormattableString.Invariant($"({network.Plan.NumberOfParameters:N0} weights, {network.Side}x{network.Side}, {network.Operations / 1e9:N0} GFLOP for a prediction, {network.ImagesOfGpu} images on each GPU)"));
        }

        Assert.AreEqual(35_746_307, ScaledNetwork.All[0].Plan.NumberOfParameters); // Ho et al. 2020, appendix B
        Assert.AreEqual(550e6, ScaledNetwork.All[1].Plan.NumberOfParameters, 0.03 * 550e6);
    }

    // Worked out by hand from the formulas of the document.
    [TestMethod]
    public void Model_OnePoint_IsThatByHand()
    {
        var network = ScaledNetwork.All[0];
        var bytes = 4 * 35_746_307.0;
        var compute = 3 * network.Operations * 32 / 50e12;
        var exchange = (2 * 7.0 / 8 * bytes / 25e9) + (2 * 7 * 6 * 5e-6) + (2 * bytes / 20e9) + (bytes / 10e9);
        var exposed = Math.Max(exchange / 6, exchange - (2 * compute / 3));

        Assert.AreEqual(compute, ScaleModel.Compute(network), 1e-12);
        Assert.AreEqual(exchange, ScaleModel.Exchange(network, 8, 25e9, onHost: true), 1e-12);
        Assert.AreEqual((2 * 7.0 / 8 * bytes / 25e9) + (2 * 3 * 6 * 5e-6), ScaleModel.Exchange(network, 8, 25e9, onHost: false), 1e-12);
        Assert.AreEqual(compute / (compute + exposed), ScaleModel.Efficiency(network, 8, 25e9, onHost: true), 1e-12);
        Assert.AreEqual(1e9 * (4096 + 130), ScaleModel.Stored(network, 1e9), 1);
    }

    // One GPU has nothing to sum but its own; more bandwidth is never slower, nor are fewer GPUs.
    [TestMethod]
    public void Model_Ends_AreThoseThatMustBe()
    {
        foreach (var network in ScaledNetwork.All)
        {
            Assert.AreEqual(0, ScaleModel.Exchange(network, 1, 1e9, onHost: false));
            Assert.IsGreaterThan(ScaleModel.Exchange(network, 64, 2e9, onHost: true), ScaleModel.Exchange(network, 64, 1e9, onHost: true));
            Assert.IsGreaterThan(ScaleModel.Exposed(network, 8, 1e9, onHost: true), ScaleModel.Exposed(network, 1024, 1e9, onHost: true));
        }
    }

    [TestMethod]
    public void Scripts_AreLinkedAndHaveTheOptionsOfTheTool()
    {
        var scripts = Directory.EnumerateFiles(BuildFiles.InRoot("docs", "scale-out")).Select(path => Path.GetFileName(path)).ToList();

        Assert.IsGreaterThanOrEqualTo(3, scripts.Count);
        foreach (var script in scripts)
        {
            StringAssert.Contains(_text, $"](scale-out/{script})");
            var text = File.ReadAllText(BuildFiles.InRoot("docs", "scale-out", script));
            Assert.IsFalse(text.Contains('\r') || text.Contains('\t'), script);
        }
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Scripts_AreRightForTheShell()
    {
        foreach (var script in Directory.EnumerateFiles(BuildFiles.InRoot("docs", "scale-out"), "*.sh"))
        {
            if (OperatingSystem.IsWindows())
            {
                Assert.Inconclusive("The scripts are for bash, which Windows has not.");
            }

            using var bash = Process.Start(new ProcessStartInfo("bash", ["-n", script]) { RedirectStandardError = true })!;
            var error = bash.StandardError.ReadToEnd();
            bash.WaitForExit();
            Assert.AreEqual((0, ""), (bash.ExitCode, error), script);
        }
    }
}
