using System.Diagnostics;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests;

/// <summary>The test assembly run again as a program of its own: what another process sees of a model file.</summary>
internal static class ChildProcess
{
    /// <summary>Runs a command of <see cref="Main"/> and returns what it printed.</summary>
    public static string Run(params string[] arguments)
    {
        var (exitCode, output, error) = TryRun(arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"The child process ended with {exitCode}: {error}");
    }

    /// <summary>Runs a command of <see cref="Main"/> that may end badly.</summary>
    public static (int ExitCode, string Output, string Error) TryRun(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["exec", typeof(ChildProcess).Assembly.Location, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Trim(), error.Result);
    }

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["digest", var path, var count, var seed]:
                var mlContext = new MLContext();
                using (var diffusion = mlContext.Model.Load(path, out _).GetDiffusion())
                {
                    Console.WriteLine(Pictures.Digest(diffusion.Generate(int.Parse(count), diffusion.Generation with { Seed = int.Parse(seed) })));
                }

                return 0;
            case ["train", var folder, var killAt]:
                Console.WriteLine(InterruptedRun.Train(folder, killAt));
                return 0;
            case ["read", var images, var limit]:
                Console.WriteLine(LargeData.ReadAndMeasure(int.Parse(images), long.Parse(limit)));
                return 0;
            default:
                Console.Error.WriteLine("Usage: digest <model.zip> <count> <seed> | train <folder> <step N|write N|never> | read <images> <limit>");
                return 2;
        }
    }
}
