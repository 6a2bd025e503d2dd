using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>Two processes of one thread beside one of two, and what a collective of MPI costs on this machine: the constants of docs/scale-out.md.</summary>
internal static class ProcessSpeed
{
    private static readonly string[] _launchers = ["mpirun.openmpi", "mpiexec.hydra", "mpirun"];

    /// <summary>Prints both tables.</summary>
    /// <param name="only">A part of the name of a launcher; empty for all that are installed.</param>
    /// <param name="rounds">How often both sides train, in turn.</param>
    public static void Print(string only, int rounds)
    {
        foreach (var launcher in Installed().Where(path => path.Contains(only, StringComparison.Ordinal)))
        {
            Console.WriteLine($"\n{Path.GetFileName(launcher)}");
            PrintSteps(launcher, rounds);
            PrintCollectives(launcher);
        }
    }

    private static void PrintSteps(string launcher, int rounds)
    {
        Console.WriteLine("| network | 1 x 2, images/s | 2 x 1, images/s | 2 x 1 of 1 x 2 | collective, ms of a step | of the step | hidden |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var network in ProcessWorker.Networks.Keys)
        {
            List<double[]> one = [], two = [];
            for (var round = 0; round < rounds; round++)
            {
                one.Add(Start(null, 1, 2, "steps", network));
                two.Add(Start(launcher, 2, 1, "steps", network));
            }

            var (alone, together) = (Median(one, 0), Median(two, 0));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {network} | {alone:F1} | {together:F1} | {together / alone:F3} | {Median(two, 1) * 1e3:F2} | {Median(two, 2):P1} | {Median(two, 3):P0} |"));
        }
    }

    // A collective of n bytes takes a + n / b; b counts the bytes of a process's gradients, whatever goes over the wire for them.
    private static void PrintCollectives(string launcher)
    {
        Console.WriteLine("\n| processes | 1 KiB, microseconds | 1 MiB, ms | 25 MiB, ms | 100 MiB, ms | latency, microseconds | bandwidth, GB/s | 25 MiB by these, ms | off by |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var ranks in (int[])[1, 2, 4])
        {
            var times = Start(launcher, ranks, 1, "sums", "");
            var latency = times[0];
            var bandwidth = (100 << 20) / (times[3] - latency);
            var predicted = latency + ((25 << 20) / bandwidth);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {ranks} | {times[0] * 1e6:F1} | {times[1] * 1e3:F2} | {times[2] * 1e3:F2} | {times[3] * 1e3:F1} | {latency * 1e6:F1} | {bandwidth / 1e9:F2} | {predicted * 1e3:F2} | {Math.Abs((predicted / times[2]) - 1):P0} |"));
        }
    }

    private static double[] Start(string? launcher, int ranks, int threads, params string[] arguments)
    {
        string[] program = ["exec", typeof(ProcessSpeed).Assembly.Location, ProcessWorker.Command, .. arguments];
        var isOpenMpi = launcher?.Contains("openmpi", StringComparison.Ordinal) == true;
        var start =
            launcher is null
                ? new ProcessStartInfo("dotnet", program)
                : new ProcessStartInfo(launcher, [.. isOpenMpi ? (string[])["--oversubscribe", "--bind-to", "none"] : [], "-n", $"{ranks}", "dotnet", .. program]);
        start.RedirectStandardOutput = true;
        start.Environment["TERM"] = "dumb";
        start.Environment["DOTNET_PROCESSOR_COUNT"] = threads.ToString(CultureInfo.InvariantCulture);
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var line = output.Split('\n').FirstOrDefault(text => text.StartsWith(ProcessWorker.Mark, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"The processes ended with {process.ExitCode}: {output}");
        return [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
    }

    private static double Median(List<double[]> rounds, int figure) => rounds.Select(round => round[figure]).Order().ElementAt(rounds.Count / 2);

    // Of each kind one: mpirun is another name for the one or the other.
    private static IEnumerable<string> Installed()
    {
        var found = _launchers.Select(Find).OfType<string>().ToList();
        return found.Count > 1 ? found.Where(path => Path.GetFileName(path) != "mpirun") : found;
    }

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
