using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.Diffusion.Mpi;

/// <summary>The few functions of MPI that are called, of whichever library is installed.</summary>
/// <remarks>Handles are native integers: addresses in Open MPI, and in MPICH and its kin 32-bit numbers, of which a callee reads the lower half.</remarks>
internal sealed unsafe class MpiLibrary
{
    /// <summary>The variable of the environment that names the file of the library, where several are installed and the launcher may be of either.</summary>
    public const string FileVariable = "DIFFUSION_MPI_LIBRARY";

    private const int SerializedThreads = 2; // MPI_THREAD_SERIALIZED: one thread at a time, not always the same
    private const int MpichWorld = 0x44000000;
    private const int MpichByte = 0x4c00010d;
    private const int StatusSize = 256; // more than an MPI_Status has anywhere

    private static readonly string[] _openMpiFiles =
        OperatingSystem.IsLinux() ? ["libmpi.so.40", "libmpi.so.80"]
        : OperatingSystem.IsMacOS() ? ["libmpi.40.dylib", "libmpi.dylib"] : [];

    private static readonly string[] _mpichFiles =
        OperatingSystem.IsLinux() ? ["libmpich.so.12", "libmpi.so.12"]
        : OperatingSystem.IsMacOS() ? ["libmpi.12.dylib", "libmpich.12.dylib"]
        : OperatingSystem.IsWindows() ? ["msmpi.dll"] : [];

    private readonly nint _library;
    private readonly nint _world;
    private readonly nint _byte;
    private readonly byte[] _status = GC.AllocateArray<byte>(StatusSize, pinned: true);
    private readonly delegate* unmanaged<nint, int, nint, int, nint, nint*, int> _broadcast;
    private readonly delegate* unmanaged<nint, int, nint, nint, int, nint, nint, nint*, int> _allGather;
    private readonly delegate* unmanaged<nint, int, nint, nint, int, nint, nint, nint*, int> _allToAll;
    private readonly delegate* unmanaged<nint*, int*, byte*, int> _test;

    private MpiLibrary(nint library, string file)
    {
        (_library, File) = (library, file);
        (_world, _byte) = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out var world)
            ? (world, Export("ompi_mpi_byte"))
            : (MpichWorld, MpichByte);
        _broadcast = (delegate* unmanaged<nint, int, nint, int, nint, nint*, int>)Export("MPI_Ibcast");
        _allGather = (delegate* unmanaged<nint, int, nint, nint, int, nint, nint, nint*, int>)Export("MPI_Iallgather");
        _allToAll = (delegate* unmanaged<nint, int, nint, nint, int, nint, nint, nint*, int>)Export("MPI_Ialltoall");
        _test = (delegate* unmanaged<nint*, int*, byte*, int>)Export("MPI_Test");
    }

    /// <summary>The file that was loaded.</summary>
    public string File { get; }

    /// <summary>The number of this process.</summary>
    public int Rank => Number("MPI_Comm_rank");

    /// <summary>The number of processes.</summary>
    public int Size => Number("MPI_Comm_size");

    /// <summary>What the library says of itself.</summary>
    public string Version
    {
        get
        {
            var text = stackalloc byte[8192]; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH
            int length;
            Check(((delegate* unmanaged<byte*, int*, int>)Export("MPI_Get_library_version"))(text, &length), "MPI_Get_library_version");
            return Encoding.UTF8.GetString(text, length).TrimEnd('\0').Split('\n', ',')[0].Replace('\t', ' ').Trim();
        }
    }

    /// <summary>Loads the library that belongs to a launcher; without one, whichever is there.</summary>
    /// <exception cref="DllNotFoundException">There is none.</exception>
    public static MpiLibrary Load(MpiLauncher? launcher)
    {
        var files = FilesFor(launcher, Environment.GetEnvironmentVariable(FileVariable));
        foreach (var file in files)
        {
            if (NativeLibrary.TryLoad(file, out var library))
            {
                return new MpiLibrary(library, file);
            }
        }

        throw new DllNotFoundException(
            $"No MPI is installed{(launcher is null ? "" : $" that belongs to {launcher.Name}")}: none of {string.Join(", ", files)} can be loaded. On Debian and Ubuntu install openmpi-bin or mpich, and start the processes by its mpirun; {FileVariable} names the file of another.");
    }

    /// <summary>The files to try, in order: of the other kind none where the launcher is known, since its processes would each be alone with it.</summary>
    /// <param name="launcher">What started the process; null where nothing is known of it.</param>
    /// <param name="chosen">The file that the user names, which is the only one then; null for none.</param>
    public static IReadOnlyList<string> FilesFor(MpiLauncher? launcher, string? chosen = null) => chosen is { Length: > 0 } ? [chosen] : launcher?.IsOpenMpi switch
    {
        true => _openMpiFiles,
        false => _mpichFiles,
        null => [.. _openMpiFiles, .. _mpichFiles],
    };

    /// <summary>Starts MPI, unless somebody else in the process has.</summary>
    /// <exception cref="InvalidOperationException">It cannot be called from several threads in turn.</exception>
    public void Initialize()
    {
        var provided = 0;
        if (Flag("MPI_Initialized"))
        {
            Check(((delegate* unmanaged<int*, int>)Export("MPI_Query_thread"))(&provided), "MPI_Query_thread");
        }
        else
        {
            Check(
                ((delegate* unmanaged<nint, nint, int, int*, int>)Export("MPI_Init_thread"))(0, 0, SerializedThreads, &provided),
                "MPI_Init_thread");
        }

        if (provided < SerializedThreads)
        {
            throw new InvalidOperationException(
                $"{File} can be called by one thread only (thread level {provided} of MPI), but gradients are added up on another than the one that trains. Use a build of MPI with threads; those of Debian and Ubuntu have them.");
        }
    }

    /// <summary>Ends MPI, once.</summary>
    public void Finish()
    {
        if (!Flag("MPI_Finalized"))
        {
            ((delegate* unmanaged<int>)Export("MPI_Finalize"))();
        }
    }

    /// <summary>Ends all processes.</summary>
    public void Abort(int exitCode) => ((delegate* unmanaged<nint, int, int>)Export("MPI_Abort"))(_world, exitCode);

    /// <summary>MPI_Bcast.</summary>
    public void Broadcast(nint buffer, int bytes, int root)
    {
        nint request = 0;
        Check(_broadcast(buffer, bytes, _byte, root, _world, &request), "MPI_Ibcast");
        Wait(&request);
    }

    /// <summary>MPI_Allgather.</summary>
    public void AllGather(nint source, nint destination, int bytesPerRank)
    {
        nint request = 0;
        Check(_allGather(source, bytesPerRank, _byte, destination, bytesPerRank, _byte, _world, &request), "MPI_Iallgather");
        Wait(&request);
    }

    /// <summary>MPI_Alltoall.</summary>
    public void AllToAll(nint source, nint destination, int bytesPerRank)
    {
        nint request = 0;
        Check(_allToAll(source, bytesPerRank, _byte, destination, bytesPerRank, _byte, _world, &request), "MPI_Ialltoall");
        Wait(&request);
    }

    // What waits in MPI itself takes a core from the threads that compute meanwhile; this gives it away between two looks.
    private void Wait(nint* request)
    {
        var status = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_status, 0);
        for (var done = 0; ; Thread.Yield())
        {
            Check(_test(request, &done, status), "MPI_Test");
            if (done != 0)
            {
                return;
            }
        }
    }

    private bool Flag(string function)
    {
        int flag;
        Check(((delegate* unmanaged<int*, int>)Export(function))(&flag), function);
        return flag != 0;
    }

    private int Number(string function)
    {
        int number;
        Check(((delegate* unmanaged<nint, int*, int>)Export(function))(_world, &number), function);
        return number;
    }

    // By default MPI ends all processes itself where something fails; a program may have told it otherwise.
    private static void Check(int error, string function)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"{function} failed with error {error} of MPI.");
        }
    }

    private nint Export(string name) => NativeLibrary.GetExport(_library, name);
}
