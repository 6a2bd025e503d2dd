namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>Short trainings in processes of their own: the first of those that the fuzz project's "runs" starts by the hundred.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ProcessRunsTests
{
    [TestMethod]
    public void Fit_OptionsOfTheFirstSeeds_EndsWell()
    {
        var runs = new ProcessRuns();

        foreach (var seed in (string[])["0", "1", "2", "3"])
        {
            runs.Run($"fit {seed}", "loss ", typeof(ProcessRunsTests).Assembly.Location, "fit", seed);
        }

        Assert.IsEmpty(runs.Failures, string.Join('\n', runs.Failures));
        Assert.AreEqual("4 processes, 0 failed", runs.ToString());
    }

    [TestMethod]
    public void Run_ProgramThatFails_IsCounted()
    {
        var runs = new ProcessRuns();

        runs.Run("mistyped", "loss ", typeof(ProcessRunsTests).Assembly.Location, "no such command");

        StringAssert.StartsWith(runs.Failures.Single(), "mistyped: ended with 2. Usage: ");
        Assert.AreEqual("1 processes, 1 failed", runs.ToString());
    }

    [TestMethod]
    [DataRow(0, "loss 0.5", "", null)]
    [DataRow(139, "loss 0.5", "", "ended with 139. loss 0.5")]
    [DataRow(134, "loss 0.5", "Unhandled exception.\n   at Main()\n", "ended with 134. Unhandled exception.\n  at Main()")]
    [DataRow(0, "loss 0.5", "[W NNPACK.cpp:56] Could not initialize NNPACK\n[W again]\n", "wrote 2 lines to the standard error, the first: [W NNPACK.cpp:56] Could not initialize NNPACK")]
    [DataRow(0, "loss NaN", "", "a loss is not a number")]
    [DataRow(0, "", "", "did not say 'loss '")]
    public void Fault_OfAnEnd_IsNamed(int exitCode, string output, string error, string? expected)
    {
        Assert.AreEqual(expected, ProcessRuns.Fault(exitCode, output, error, "loss "));
    }
}
