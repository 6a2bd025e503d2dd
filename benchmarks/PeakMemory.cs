using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Benchmarks;

internal static class PeakMemory
{
    /// <summary>The most memory that this process has had resident.</summary>
    public static double Megabytes
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64 / 1048576.0;
        }
    }
}
