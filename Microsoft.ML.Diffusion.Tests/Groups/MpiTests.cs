using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>Training in processes that MPI starts and carries the bytes of: Open MPI and MPICH, where they are installed.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
[OSCondition(OperatingSystems.Linux)]
public sealed class MpiTests
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(10); // after what the processes need to come that far

    public static IEnumerable<object[]> Groups => MpiLaunch.Launchers.SelectMany(launcher => new[] { new object[] { launcher, 2 }, [launcher, 4] });

    public static IEnumerable<object[]> Launchers => MpiLaunch.Launchers.Select(launcher => new object[] { launcher });

    // One start for many checks: what takes long are the processes.
    [TestMethod]
    [DynamicData(nameof(Groups))]
    public void Processes_TrainSkipCancelRefuseAndEndAlike(string launcher, int ranks)
    {
        SkipWithout(launcher);
        using var folder = new TemporaryFolder();
        var alone = ThreadGroup.Alone(ranks, () => GroupRun.Train(null));

        var (exitCode, output, error, _) = MpiLaunch.Run(launcher, ranks, "checks", folder.Path);

        Assert.AreEqual(0, exitCode, output + error);
        Assert.AreEqual(alone.ToString(), Said("trained").Single(), output);
        for (var rank = 0; rank < ranks; rank++)
        {
            StringAssert.StartsWith(Said("is", rank).Single(), $"rank {rank} of {ranks}, by {(launcher.Contains("openmpi", StringComparison.Ordinal) ? "Open MPI" : "MPICH")}");
            CollectionAssert.AreEqual((string[])["NullReferenceException", "NullReferenceException"], Said("fault", rank).Select(text => text.Split(':')[0]).ToArray());
            Assert.AreEqual(alone.Digest, Said("trained", rank).Single().Split(' ')[0]);
            Assert.AreEqual($"10 {alone.Digest}", string.Join(' ', Said("resumed", rank).Single().Split(' ')[..2]));
            Assert.AreEqual("6 1", string.Join(' ', Said("skipped", rank).Single().Split(' ')[2..4]), "steps, and those skipped");
            StringAssert.StartsWith(Said("cancelled", rank).Single(), "OperationCanceledException");
            StringAssert.StartsWith(Said("refused", rank).Single(), "InvalidOperationException: The processes of a training must be given the same options and images: LearningRate is 0.001 in rank 0, 0.002 in rank 1");
            StringAssert.StartsWith(Said("few", rank).Single(), "ArgumentOutOfRangeException: BatchSize must be at least");
            Assert.AreEqual(Said("timed").Single(), Said("timed", rank).Single());
            StringAssert.EndsWith(Said("timed", rank).Single(), "in time");
            Assert.AreEqual(Said("skipped").Single().Split(' ')[0], Said("skipped", rank).Single().Split(' ')[0]);
        }

        string[] Said(string word, int rank = 0) => MpiLaunch.Said(output, rank, word);
    }

    [TestMethod]
    [DynamicData(nameof(Launchers))]
    public void ProcessThatIsKilledOrThrows_EndsAll_AndAnotherNumberGoesOn(string launcher)
    {
        SkipWithout(launcher);
        using var folder = new TemporaryFolder();
        var whole = ThreadGroup.Alone(1, () => GroupRun.Train(null));

        var thrown = MpiLaunch.Run(launcher, 2, "throw 24 129", folder.Path);
        var left = MpiLaunch.Run(launcher, 2, "leave 24", "none");
        var killed = MpiLaunch.Run(launcher, 3, "kill 24 129", folder.Path);
        var resumed = ThreadGroup.Alone(1, () => GroupRun.Train(null, folder.Path, options => options with { CheckpointEverySteps = MpiProcess.CheckpointEverySteps }));

        Assert.AreNotEqual(0, thrown.ExitCode);
        StringAssert.Contains(thrown.Error, "Rank 1 of 2 failed and ends the training of all: NotSupportedException: the disk is gone");
        Assert.AreEqual(MpiProcess.LeftCode, left.ExitCode);
        Assert.IsLessThan(_soon + _soon, left.Time);
        Assert.AreNotEqual(0, killed.ExitCode);
        Assert.IsLessThan(_soon + _soon, thrown.Time);
        Assert.IsLessThan(_soon + _soon, killed.Time);
        Assert.IsLessThan(GroupRun.Steps, resumed.Losses.Length, "it goes on from a checkpoint");
        Assert.AreEqual(whole.Summary.FinalLoss, resumed.Summary.FinalLoss, 1e-3 * whole.Summary.FinalLoss);
    }

    [TestMethod]
    public void Sample_InTwoProcesses_WritesOneModelThatBothAgreeOn()
    {
        SkipWithout("mpirun.openmpi");
        var start = DateTime.UtcNow.AddSeconds(-2); // file systems round

        var (exitCode, output, error, _) = MpiLaunch.RunProgram("mpirun.openmpi", 2, SampleProcess.Assembly("MultiProcess"), "--quick");

        Assert.AreEqual(0, exitCode, output + error);
        var digests = output.Split('\n').Where(line => line.Contains("digest", StringComparison.Ordinal)).Select(line => line.Split("digest ")[1]).ToList();
        Assert.HasCount(2, digests, output);
        Assert.AreEqual(digests[0], digests[1]);
        StringAssert.Contains(output, "[0] 2 processes added up their gradients in ");
        Assert.DoesNotContain("[1] Training", output, "the first process speaks for all");
        Assert.IsGreaterThan(start, File.GetLastWriteTimeUtc(BuildFiles.InRoot("artifacts", "MultiProcess", "model.zip")));
    }

    [TestMethod]
    public void Library_OfAnotherMpiThanTheLauncher_IsRefused()
    {
        SkipWithout("mpiexec.hydra");

        var output = ChildProcess.RunWith(new Dictionary<string, string> { ["PMI_SIZE"] = "2" }, "mpi", "refused", "none");

        StringAssert.StartsWith(output, "InvalidOperationException: MPICH's mpiexec started 2 processes, but libmpich.so.12 knows of 1");
    }

    private static void SkipWithout(string launcher)
    {
        if (MpiLaunch.Lack(launcher) is { } lack)
        {
            Assert.Inconclusive(lack);
        }
    }
}
