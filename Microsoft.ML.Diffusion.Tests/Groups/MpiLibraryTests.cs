using Microsoft.ML.Diffusion.Mpi;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>What is decided about MPI before any of it is called.</summary>
[TestClass]
public sealed unsafe class MpiLibraryTests
{
    [TestMethod]
    [DataRow("OMPI_COMM_WORLD_SIZE=2", "Open MPI's mpirun of 2", "openmpi")]
    [DataRow("PMI_SIZE=4", "MPICH's mpiexec of 4", "mpich")]
    [DataRow("SLURM_PROCID=0 SLURM_NTASKS=8", "Slurm's srun of 8", "both")]
    [DataRow("SLURM_PROCID=0 SLURM_NTASKS=8 SLURM_STEP_NUM_TASKS=4", "Slurm's srun of 4", "both")]
    [DataRow("SLURM_PROCID=0 SLURM_NTASKS=8 OMPI_COMM_WORLD_SIZE=2", "Open MPI's mpirun of 2", "openmpi")]
    [DataRow("SLURM_PROCID=0 SLURM_NTASKS=8 PMI_SIZE=8", "Slurm's srun of 8", "both")]
    [DataRow("SLURM_PROCID=0 SLURM_NTASKS=8 PMI_SIZE=4 MPI_LOCALNRANKS=4", "MPICH's mpiexec of 4", "mpich")]
    [DataRow("", "none", "both")]
    [DataRow("PMI_SIZE=many", "none", "both")]
    public void Launcher_IsWhatLeftItsNumbers(string environment, string expected, string kind)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(entry => entry.Split('=')[0], entry => entry.Split('=')[1]);

        var launcher = MpiLauncher.Of(variables.GetValueOrDefault);

        Assert.AreEqual(expected, launcher is null ? "none" : $"{launcher.Name} of {launcher.Size}");
        if (OperatingSystem.IsLinux())
        {
            var files = MpiLibrary.FilesFor(launcher);
            Assert.AreEqual(kind != "mpich", files.Contains("libmpi.so.40"));
            Assert.AreEqual(kind != "openmpi", files.Contains("libmpich.so.12"));
            Assert.AreSequenceEqual(["libother.so"], MpiLibrary.FilesFor(launcher, "libother.so"));
        }
    }

    [TestMethod]
    public void Size_OtherThanTheLauncher_IsRefused()
    {
        var launcher = MpiLauncher.Of(name => name == "SLURM_NTASKS" ? "2" : null);

        MpiProcessGroup.CheckSize(launcher, 2, "libmpi.so.40");
        MpiProcessGroup.CheckSize(null, 1, "libmpi.so.40");
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => MpiProcessGroup.CheckSize(launcher, 1, "libmpi.so.40"));

        Assert.AreEqual(
            "Slurm's srun started 2 processes, but libmpi.so.40 knows of 1: it belongs to another MPI than the launcher, and each process would train alone. Start them by the mpirun of the library's own package, or with srun by the --mpi that it needs (srun --mpi=list); DIFFUSION_MPI_LIBRARY names the file of another.",
            error.Message);
    }

    // MPI counts in 32 bits; the limit here is smaller, and what is beyond it the same.
    [TestMethod]
    [DataRow(3)]
    [DataRow(8)]
    [DataRow(1000)]
    public void Collectives_BeyondTheLimit_MoveTheSameBytesInPieces(int largest)
    {
        const int Bytes = 37;
        const int Ranks = 3;
        var calls = new int[Ranks];

        var outcomes = ThreadGroup.Run(Ranks, 1, group =>
        {
            var chunked = new ChunkedCalls(
                (buffer, bytes, root) => Counted(bytes, () => group.Broadcast(buffer, bytes, root)),
                (source, destination, bytes) => Counted(bytes * Ranks, () => group.AllGather(source, destination, bytes)),
                (source, destination, bytes) => Counted(bytes * Ranks, () => group.AllToAll(source, destination, bytes)),
                largest);
            byte[] mine = [.. Enumerable.Range(0, Bytes * Ranks).Select(i => (byte)((100 * group.Rank) + i))];
            byte[] gathered = new byte[Bytes * Ranks], exchanged = new byte[Bytes * Ranks], broadcast = [.. mine];
            fixed (byte* source = mine, all = gathered, parts = exchanged, one = broadcast)
            {
                chunked.AllGather((nint)source, (nint)all, Bytes, Ranks);
                chunked.AllToAll((nint)source, (nint)parts, Bytes, Ranks);
                chunked.Broadcast((nint)one, Bytes, 1);
            }

            return (Mine: mine, Gathered: gathered, Exchanged: exchanged, Broadcast: broadcast);

            void Counted(int bytes, Action call)
            {
                Assert.IsLessThanOrEqualTo(Math.Max(largest, Ranks), bytes);
                calls[group.Rank]++;
                call();
            }
        });

        Assert.AreEqual(largest == 1000, calls[0] == 3);
        var sent = outcomes.Select(outcome => outcome.Value.Mine).ToArray();
        for (var rank = 0; rank < Ranks; rank++)
        {
            CollectionAssert.AreEqual(sent.SelectMany(mine => mine[..Bytes]).ToArray(), outcomes[rank].Value.Gathered);
            CollectionAssert.AreEqual(sent.SelectMany(mine => mine[(rank * Bytes)..((rank + 1) * Bytes)]).ToArray(), outcomes[rank].Value.Exchanged);
            CollectionAssert.AreEqual(sent[1][..Bytes], outcomes[rank].Value.Broadcast[..Bytes]);
        }
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void SignalActions_ChangedMeanwhile_AreBackAfterwards()
    {
        // Twice in a row, so that what was put back is what is saved then: no fault may be without .NET's handler.
        for (var i = 0; i < 2; i++)
        {
            using (new SignalActions())
            {
            }

            string? nothing = null;
            Assert.ThrowsExactly<NullReferenceException>(() => nothing!.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
