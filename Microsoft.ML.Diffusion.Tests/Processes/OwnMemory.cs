using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>What a process has of memory, without pages of files where the system tells them apart.</summary>
internal static partial class OwnMemory
{
    /// <summary>The memory now, in MiB.</summary>
    public static double Now()
    {
        using var process = Process.GetCurrentProcess();
        var kibibytes = OperatingSystem.IsLinux()
            ? double.Parse(
                File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture)
            : process.WorkingSet64 / 1024.0;
        return kibibytes / 1024;
    }

    /// <summary>
    /// The memory once all that nobody refers to is freed, native parts too, and given back to the system: what both allocators keep for later goes up and down by
    /// tens of MiB with the threads that happen to work.
    /// </summary>
    public static double Settled()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        if (OperatingSystem.IsLinux())
        {
            _ = MallocTrim(0);
        }

        return Now();
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
