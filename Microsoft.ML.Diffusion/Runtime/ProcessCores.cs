namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>How many cores a process of a group computes on.</summary>
internal static class ProcessCores
{
    private const string Status = "/proc/self/status";
    private const string AllowedKey = "Cpus_allowed_list:";

    /// <summary>
    /// The share of this process: where its launcher gave each process cores of its own, as Open MPI and Slurm do, these; where processes of one machine may all use
    /// the same ones, as MPICH leaves them, an equal part of them. What <c>DOTNET_PROCESSOR_COUNT</c> says is not divided.
    /// </summary>
    /// <param name="places">For each process its machine and the cores that it may use (<see cref="Place"/>).</param>
    /// <param name="rank">This process.</param>
    public static int Share(IReadOnlyList<string> places, int rank) =>
        CoreShare.IsSet || Environment.GetEnvironmentVariable("DOTNET_PROCESSOR_COUNT") is { Length: > 0 }
            ? CoreShare.Cores
            : Share(places, rank, CoreShare.Cores);

    /// <summary>The share of a process that may use so many cores.</summary>
    internal static int Share(IReadOnlyList<string> places, int rank, int cores) =>
        Math.Max(1, cores / places.Count(place => place == places[rank]));

    /// <summary>This machine and the cores that this process may use, as a text that is equal where both are.</summary>
    public static string Place()
    {
        var allowed = OperatingSystem.IsLinux() && File.Exists(Status)
            ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(AllowedKey, StringComparison.Ordinal))
            : null;
        return $"{Environment.MachineName} {allowed?[AllowedKey.Length..].Trim()}";
    }
}
