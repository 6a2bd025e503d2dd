using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Diffusion.Mpi;

namespace Microsoft.ML.Diffusion;

/// <summary>The processes that <c>mpirun</c>, <c>mpiexec</c> or <c>srun</c> started, which train one model together: what <see cref="TrainingOptions.Processes"/> takes.</summary>
/// <remarks>
/// <para>
/// The Open MPI or MPICH of the machine carries the bytes; no other package is needed. Which of them is decided by what started the process. Nothing happens by itself:
/// a program that does not ask for <see cref="World"/> trains alone, under <c>mpirun</c> too.
/// </para>
/// <para>
/// It has been tested on Linux, with Open MPI 4.1 and MPICH 4.0. On macOS the usual names of both are tried, on Windows that of Microsoft MPI; nobody has tried these.
/// </para>
/// </remarks>
/// <example><code>
/// var training = new TrainingOptions { Processes = MpiProcessGroup.WasLaunched ? MpiProcessGroup.World : null };
/// </code></example>
public sealed class MpiProcessGroup : ProcessGroup
{
    private const int FailureCode = 1;

    private static readonly TimeSpan _passing = TimeSpan.FromSeconds(0.5); // launchers drop what they have not passed on by the abort
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private static readonly Lazy<MpiProcessGroup> _world = new(Start);

    private readonly MpiLibrary _library;
    private readonly ChunkedCalls _calls;
    private int _localRank;
    private int _isInUse;

    private MpiProcessGroup(MpiLibrary library)
    {
        _library = library;
        _calls = new ChunkedCalls(library.Broadcast, library.AllGather, library.AllToAll);
        (Rank, Size, Library) = (library.Rank, library.Size, library.Version);
    }

    /// <summary>Gets a value indicating whether <c>mpirun</c>, <c>mpiexec</c> or <c>srun</c> started this process, for programs that also train alone, where there is no MPI.</summary>
    public static bool WasLaunched => MpiLauncher.OfEnvironment() is not null;

    /// <summary>Gets the processes that were started together with this one, which must all ask for it; one alone where nothing started them together.</summary>
    /// <value>The same object at each call. MPI is started by the first, and ended when the process exits.</value>
    /// <exception cref="DllNotFoundException">No MPI is installed, or not that of the launcher.</exception>
    /// <exception cref="InvalidOperationException">
    /// The library is not that of the launcher, so that each process would take itself for the only one; or it was built without threads.
    /// </exception>
    public static MpiProcessGroup World => _world.Value;

    /// <inheritdoc/>
    public override int Rank { get; }

    /// <inheritdoc/>
    public override int Size { get; }

    /// <inheritdoc/>
    public override int LocalRank => _localRank;

    /// <summary>Gets the name and version of the MPI that is used.</summary>
    public string Library { get; }

    /// <inheritdoc/>
    public override void Broadcast(nint buffer, long bytes, int root) => One(() => _calls.Broadcast(buffer, bytes, root));

    /// <inheritdoc/>
    public override void AllGather(nint source, nint destination, long bytesPerRank) =>
        One(() => _calls.AllGather(source, destination, bytesPerRank, Size));

    /// <inheritdoc/>
    public override void AllToAll(nint source, nint destination, long bytesPerRank) =>
        One(() => _calls.AllToAll(source, destination, bytesPerRank, Size));

    /// <inheritdoc/>
    public override void Abort(string reason)
    {
        Console.Error.WriteLine(reason);
        Console.Error.Flush();
        new Thread(EndSoon) { IsBackground = true }.Start();
        Thread.Sleep(_passing); // until the launcher has read the reason
        _library.Abort(FailureCode);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{base.ToString()}, by {Library}";

    // Should MPI itself hang: the launcher ends the others where one process dies.
    private static void EndSoon()
    {
        Thread.Sleep(_patience);
        Process.GetCurrentProcess().Kill();
    }

    private static MpiProcessGroup Start()
    {
        var launcher = MpiLauncher.OfEnvironment();
        MpiLibrary library;
        using (new SignalActions())
        {
            library = MpiLibrary.Load(launcher);
            library.Initialize();
        }

        CheckSize(launcher, library.Size, library.File);
        var group = new MpiProcessGroup(library);
        group._localRank = group.RankOnMachine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Finish(library);
        return group;
    }

    // All must come to the end of MPI, which waits for them. One that fails does not: its launcher then ends the others, which may be waiting for it.
    private static void Finish(MpiLibrary library)
    {
        if (Environment.ExitCode == 0)
        {
            library.Finish();
        }
    }

    /// <summary>Refuses a library that knows less of the processes than what started them.</summary>
    internal static void CheckSize(MpiLauncher? launcher, int size, string file)
    {
        if (launcher is not null && launcher.Size != size)
        {
            throw new InvalidOperationException(
                $"{launcher.Name} started {launcher.Size} processes, but {file} knows of {size}: it belongs to another MPI than the launcher, and each process would train alone. Start them by the mpirun of the library's own package, or with srun by the --mpi that it needs (srun --mpi=list); {MpiLibrary.FileVariable} names the file of another.");
        }
    }

    // Whatever a launcher says: the processes before this one that run on the same machine.
    private unsafe int RankOnMachine()
    {
        var mine = SHA256.HashData(Encoding.UTF8.GetBytes(Environment.MachineName));
        var all = new byte[mine.Length * Size];
        fixed (byte* source = mine, destination = all)
        {
            AllGather((nint)source, (nint)destination, mine.Length);
        }

        return Enumerable.Range(0, Rank).Count(rank => all.AsSpan(rank * mine.Length, mine.Length).SequenceEqual(mine));
    }

    // MPI would mix up the messages of two calls at once, and say nothing.
    private void One(Action call)
    {
        if (Interlocked.Exchange(ref _isInUse, 1) != 0)
        {
            throw new InvalidOperationException("Two threads call the group of processes at once. One may, at a time, and all processes in the same order.");
        }

        try
        {
            call();
        }
        finally
        {
            Volatile.Write(ref _isInUse, 0);
        }
    }
}
