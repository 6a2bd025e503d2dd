using System.Globalization;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>What rows and calls leave in memory: a part of what the fuzz project's "large-images" and "memory" measure.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
[OSCondition(OperatingSystems.Linux)] // where the memory of a process is told apart from its files
public sealed class MemoryTests
{
    private const int Rows = 80; // of 4 MiB each, 320 MiB together

    [TestMethod]
    [DataRow("cursor", "0")]
    [DataRow("cursor", "1")]
    [DataRow("enumerable", "0")]
    [DataRow("enumerable", "1")]
    public void LargeImages_ThatPassAModel_DoNotPileUp(string how, string isServerCollector)
    {
        var grown = ChildProcess.RunWith(
            new Dictionary<string, string> { ["DOTNET_gcServer"] = isServerCollector },
            "large-images",
            how,
            Rows.ToString(CultureInfo.InvariantCulture));

        Assert.IsLessThan(100, int.Parse(grown, CultureInfo.InvariantCulture), "MiB"); // room for other processes' load, which delays finalizers
    }

    [TestMethod]
    public void Growth_OfATenthOfTheWork_IsNoLeakOfMegabytesACall()
    {
        // Beside other tests the figures come out up to 12 MiB off, whatever is done: the bound of 10 is for the whole counts, on a machine that does nothing else.
        // Smaller leaks are for the tests that count tensors.
        var (exitCode, output, error) = ChildProcess.TryRun("memory", "0.1", "30");

        Assert.AreEqual(0, exitCode, output + error);
        Assert.HasCount(7, output.Split('\n'));
    }
}
