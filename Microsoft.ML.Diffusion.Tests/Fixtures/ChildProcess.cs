using System.Diagnostics;
using Microsoft.ML.Diffusion.Tests.Engines;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Processes;

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

    /// <summary>Runs a command of <see cref="Main"/> with environment variables of its own and returns what it printed.</summary>
    public static string RunWith(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process =
            StartIn(typeof(ChildProcess).Assembly.Location, arguments, environment.Select(variable => (variable.Key, variable.Value)));
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Trim()
            : throw new InvalidOperationException($"The child process ended with {process.ExitCode}: {error.Result}");
    }

    /// <summary>Runs a command of <see cref="Main"/> that may end badly.</summary>
    public static (int ExitCode, string Output, string Error) TryRun(params string[] arguments) =>
        TryRunIn(typeof(ChildProcess).Assembly.Location, arguments);

    /// <summary>Runs a command in a copy of the test assembly, with the files that are beside it.</summary>
    public static (int ExitCode, string Output, string Error) TryRunIn(string assembly, params string[] arguments) =>
        TryRunWith([], assembly, arguments);

    /// <summary>Runs a command in a copy of the test assembly, with variables of the environment.</summary>
    public static (int ExitCode, string Output, string Error) TryRunWith(
        IEnumerable<(string Name, string Value)> variables,
        string assembly,
        params string[] arguments)
    {
        using var process = StartIn(assembly, arguments, variables);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Trim(), error.Result);
    }

    /// <summary>Starts a command of <see cref="Main"/>, whose output and errors are the caller's to read.</summary>
    public static Process Start(params string[] arguments) => StartIn(typeof(ChildProcess).Assembly.Location, arguments, []);

    private static Process StartIn(string assembly, string[] arguments, IEnumerable<(string Name, string Value)> variables)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["exec", assembly, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["digest", var path, var count, var seed]:
                var mlContext = new MLContext();
                using (var diffusion = mlContext.Model.Load(path, out _).GetDiffusion())
                {
                    Console.WriteLine(
                        Pictures.Digest(diffusion.Generate(int.Parse(count), diffusion.Generation with { Seed = int.Parse(seed) })));
                }

                return 0;
            case ["interrupted", var folder, var end]:
                InterruptedRun.Run(folder, end);
                return 0;
            case ["hosted", var folder, var step]:
                InterruptedRun.RunInHost(folder, int.Parse(step));
                return 0;
            case ["no-temporary-files", var folder]:
                TemporarySpace.Run(folder);
                return 0;
            case ["read", var images, var limit]:
                Console.WriteLine(LargeData.ReadAndMeasure(int.Parse(images), long.Parse(limit)));
                return 0;
            case ["write-forever", var path]:
                NumberedFile.WriteForever(path);
                return 0;
            case ["write-limited", var path, var bytes]:
                NumberedFile.WriteLimited(path, long.Parse(bytes));
                return 0;
            case ["save-forever", var model, var path]:
                SavedModel.SaveForever(model, path);
                return 0;
            case ["hostile", var target, var seed, var count, var folder]:
                HostileRun.Run(HostileTarget.Named(target), int.Parse(seed), int.Parse(count), folder);
                return 0;
            case ["networks"]:
                Console.WriteLine(CpuEngineTests.FirstWrong(networks: 6, seed: 2) ?? "right");
                return 0;
            case ["random-digest"]:
                Console.WriteLine(Runtime.RandomNumbersTests.DigestOfAll());
                return 0;
            case ["device"]:
                Runtime.DeviceChoiceTests.Run();
                return 0;
            case ["first-calls", var model, var diffusers]:
                FirstCalls.Run(model, diffusers);
                return 0;
            case ["libraries", var model]:
                LoadedLibraries.Run(model);
                return 0;
            case ["libraries", var model, var torchSharp]:
                LoadedLibraries.RunWith(torchSharp, model);
                return 0;
            case ["cpu", var folder]:
                CpuRun.Run(folder);
                return 0;
            case ["fit", var seed]:
                return ShortFit.Run(int.Parse(seed));
            case ["large-images", var how, var count]:
                return LargeImageRows.Run(how, int.Parse(count));
            case ["memory", var share, var bound]:
                return MemoryGrowth.Run(
                    double.Parse(share, System.Globalization.CultureInfo.InvariantCulture),
                    double.Parse(bound, System.Globalization.CultureInfo.InvariantCulture));
            case ["mpi", var what, var folder]:
                return Groups.MpiProcess.Run(what, folder);
            case ["dispose", var rounds]:
                return DisposeWhileUsed.Run(int.Parse(rounds));
            default:
                Console.Error.WriteLine(
                    "Usage: digest <model.zip> <count> <seed>, interrupted <folder> <kill N|term N|write N|never>, hosted <folder> <step>, no-temporary-files <folder>, read <images> <limit>, write-forever <file>, write-limited <file> <bytes>, save-forever <model.zip> <file>, random-digest, device, first-calls <model.zip> <diffusers folder>, libraries <model.zip> [TorchSharp.dll], cpu <folder>, fit <seed>, mpi <checks|train|kill N|throw N|refused> <folder>, dispose <rounds>, large-images <how> <count>, memory <share> <bound> or hostile <target> <seed> <count> <folder>");
                return 2;
        }
    }
}
