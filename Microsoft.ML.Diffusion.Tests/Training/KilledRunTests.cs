using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class KilledRunTests
{
    private const int Killed = 128 + 9;

    [TestMethod]
    public void Fit_KilledTwentyTimes_EndsAtTheModelOfAnUninterruptedRun()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("There is no SIGKILL.");
        }

        using var folder = new TemporaryFolder();
        var expected = ChildProcess.Run("train", "", "never");
        var caught = 0;
        for (var kill = 0; kill < 20; kill++)
        {
            var moment = kill % 2 == 0 ? $"write {1 + (kill % 3)}" : $"step {1 + (kill % 3)}";
            var (exitCode, output, error) = ChildProcess.TryRun("train", folder.Path, moment);

            Assert.IsTrue(exitCode == Killed, $"kill {kill}, {moment}: {exitCode} {output} {error}");
            caught += Directory.GetFiles(folder.Path, "*.tmp").Length;
        }

        Assert.AreEqual(expected, ChildProcess.Run("train", folder.Path, "never"));
        Assert.IsGreaterThan(0, caught, "no process was killed in the middle of a write");
        Assert.IsEmpty(Directory.GetFiles(folder.Path, "*.tmp"));
    }
}
