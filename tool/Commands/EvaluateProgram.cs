using System.CommandLine;
using System.Diagnostics;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Commands;

/// <summary>
/// diffusion evaluate: a program of its own in a package of its own, tool.evaluate, because its network and what computes that are larger than all of this
/// tool. As git does with commands that it has not, the program is looked for by its name.
/// </summary>
internal static class EvaluateProgram
{
    private const string Name = "evaluate";
    private const string Program = "diffusion-evaluate";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    /// <summary>The command, for the list of them.</summary>
    public static Command Command { get; } =
        new(Name, $"Judge generated images beside real ones, and find copies; needs the package Microsoft.ML.Diffusion.Tool.Evaluate")
        {
            new Argument<string>("REAL"),
            new Argument<string>("GENERATED"),
        };

    /// <summary>Whether the first word is this command: options before it have no values.</summary>
    public static bool IsMeant(string[] args) => Array.Find(args, argument => argument is not ['-', ..]) == Name;

    /// <summary>Runs the program with all other arguments, and ends as it does.</summary>
    public static int Run(string[] args, CancellationToken cancellationToken)
    {
        var place = Array.IndexOf(args, Name);
        var file =
            Find() ?? throw new ToolException(
                $"'diffusion {Name}' is in a package of its own, because it carries a network of 60 MB, and there is no program '{Program}' beside this one or on the PATH. Install it: dotnet tool install --global Microsoft.ML.Diffusion.Tool.Evaluate --add-source packages");
        using var process = Process.Start(new ProcessStartInfo(file, [.. args[..place], .. args[(place + 1)..]]))!;
        using var stop = cancellationToken.Register(() =>
        {
            if (!process.WaitForExit(_patience)) // Ctrl+C reaches both, SIGTERM this one alone
            {
                process.Kill();
            }
        });
        process.WaitForExit();
        return process.ExitCode;
    }

    // Never in the folder that happens to be the current one, where Windows would look first.
    private static string? Find()
    {
        var file = OperatingSystem.IsWindows() ? $"{Program}.exe" : Program;
        var path = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        return path.Prepend(Path.GetDirectoryName(Environment.ProcessPath) ?? "")
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists);
    }
}
