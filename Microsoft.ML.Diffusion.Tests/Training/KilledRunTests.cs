using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class KilledRunTests
{
    private const int Killed = 128 + 9;

    [TestInitialize]
    public void SkipWithoutSignals()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("SIGKILL and SIGTERM, which these runs send themselves, are signals of Linux and macOS.");
        }
    }

    // fuzz/ does it 20 times each.
    [TestMethod]
    [DataRow("kill", 5, InterruptedRun.CheckpointEverySteps)]
    [DataRow("term", 5, 0)]
    public void Fit_InterruptedAllOverTheRun_LosesLittleAndEndsAtTheSameBits(string kind, int count, int mayLose)
    {
        using var folder = new TemporaryFolder();
        var runs = new Interruptions((checkpoints, end) => ChildProcess.TryRun("interrupted", checkpoints, end));
        var expected = runs.Uninterrupted();
        StringAssert.EndsWith(expected, "EarlyStopping");

        var result = runs.Interrupt(kind, count, int.Parse(expected.Split(' ')[1]), folder.Path);

        Assert.IsEmpty(runs.Failures, string.Join('\n', runs.Failures));
        Assert.AreEqual(expected, result);
        Assert.IsLessThanOrEqualTo(mayLose, runs.MostLost);
    }

    [TestMethod]
    public void Fit_KilledInTheMiddleOfWrites_EndsAtTheModelOfAnUninterruptedRun()
    {
        using var folder = new TemporaryFolder();
        var expected = Last(ChildProcess.Run("interrupted", "", "never"));
        var caught = 0;
        for (var kill = 0; kill < 6; kill++)
        {
            var (exitCode, output, error) = ChildProcess.TryRun("interrupted", folder.Path, $"write {1 + (kill % 3)}");

            Assert.IsTrue(exitCode == Killed, $"kill {kill}: {exitCode} {output} {error}");
            caught += Directory.GetFiles(folder.Path, "*.tmp").Length;
        }

        Assert.AreEqual(expected, Last(ChildProcess.Run("interrupted", folder.Path, "never")));
        Assert.IsGreaterThan(0, caught, "no process was killed in the middle of a write");
        Assert.IsEmpty(Directory.GetFiles(folder.Path, "*.tmp"));
    }

    [TestMethod]
    public void Fit_SignalInAHostThatObjects_StopsTheRunAndNotTheProcess()
    {
        using var folder = new TemporaryFolder();

        var (exitCode, output, error) = ChildProcess.TryRun("hosted", folder.Path, "5");

        Assert.AreEqual("host was told; Fit: Training was stopped by a signal to the process.", Last(output), error);
        Assert.AreEqual(0, exitCode);
        var saved = int.Parse(Path.GetFileNameWithoutExtension(folder.Checkpoints[0])["checkpoint-".Length..]);
        Assert.IsGreaterThanOrEqualTo(5, saved);
    }

    [TestMethod]
    public void Fit_SignalWithoutCheckpoints_EndsTheProcessAsEver()
    {
        var (exitCode, output, _) = ChildProcess.TryRun("interrupted", "", "term 5");

        Assert.AreEqual(128 + 15, exitCode, output);
    }

    private static string Last(string output) => output.Split('\n')[^1];
}
