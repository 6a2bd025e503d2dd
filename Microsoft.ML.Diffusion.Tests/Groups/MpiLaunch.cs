using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>Starts processes by a launcher of MPI, each of one thread.</summary>
internal static class MpiLaunch
{
    /// <summary>The launchers, of the two kinds of MPI that Debian has side by side.</summary>
    public static string[] Launchers { get; } = ["mpirun.openmpi", "mpiexec.hydra"];

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(120);

    /// <summary>Why a launcher cannot be used; null if it can.</summary>
    public static string? Lack(string launcher) =>
        Find(launcher) is null ? $"{launcher} is not installed: apt-get install {(IsOpenMpi(launcher) ? "openmpi-bin" : "mpich")}." : null;

    /// <summary>Runs a command of <see cref="MpiProcess"/> in so many processes, to the end of all.</summary>
    /// <returns>The launcher's exit code, what the processes printed, their errors, and the time that it took.</returns>
    public static (int ExitCode, string Output, string Error, TimeSpan Time) Run(string launcher, int ranks, params string[] arguments) =>
        RunProgram(launcher, ranks, [typeof(MpiLaunch).Assembly.Location, "mpi", .. arguments]);

    /// <summary>Runs an assembly in so many processes, to the end of all.</summary>
    /// <inheritdoc cref="Run" path="/returns"/>
    public static (int ExitCode, string Output, string Error, TimeSpan Time) RunProgram(string launcher, int ranks, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Find(launcher)!,
            [.. IsOpenMpi(launcher) ? (string[])["--oversubscribe", "--bind-to", "none"] : [], "-n", $"{ranks}", "dotnet", "exec", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        start.Environment["TERM"] = "dumb"; // Open MPI gives each process a terminal, to which .NET would send more than lines
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(_patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{launcher} hangs: {string.Join(' ', arguments)}. {output.Result} {error.Result}");
        }

        return (process.ExitCode, output.Result, error.Result, clock.Elapsed);
    }

    /// <summary>What one process printed after a word.</summary>
    public static string[] Said(string output, int rank, string word) =>
        [.. output.Split('\n')
            .Where(line => line.StartsWith($"{rank}: {word}", StringComparison.Ordinal))
            .Select(line => line[$"{rank}: {word}".Length..].Trim())];

    private static bool IsOpenMpi(string launcher) => launcher.Contains("openmpi", StringComparison.Ordinal);

    private static string? Find(string launcher) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, launcher))
        .FirstOrDefault(File.Exists);
}
