using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>Processes that each do one thing that must go well: a crash of native code ends such a process, not the one that looks at it.</summary>
internal sealed class ProcessRuns
{
    private readonly List<string> _failures = [];
    private int _count;

    /// <summary>What went wrong, a line for each process.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Runs an assembly to its end and looks at how it ended and what it wrote.</summary>
    /// <param name="name">What to call the run.</param>
    /// <param name="lastWords">What its output must hold.</param>
    /// <param name="assembly">The program.</param>
    /// <param name="arguments">What it is given.</param>
    public void Run(string name, string lastWords, string assembly, params string[] arguments)
    {
        _count++;
        var (exitCode, output, error) = Start(assembly, arguments);
        if (Fault(exitCode, output, error, lastWords) is { } fault)
        {
            _failures.Add($"{name}: {fault}");
        }
    }

    /// <summary>Runs an assembly to its end.</summary>
    public static (int ExitCode, string Output, string Error) Start(string assembly, params string[] arguments)
    {
        using var process =
            Process.Start(
                new ProcessStartInfo("dotnet", ["exec", assembly, .. arguments])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>What all of it was, in a line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_count} processes, {Failures.Count} failed");

    /// <summary>Tells what is wrong with a run; nothing of these programs goes to the standard error if all is well.</summary>
    internal static string? Fault(int exitCode, string output, string error, string lastWords)
    {
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return exitCode != 0 ? string.Create(
            CultureInfo.InvariantCulture,
            $"ended with {exitCode}. {(lines.Length > 0 ? string.Join("\n  ", lines) : output.TrimEnd().Split('\n')[^1])}")
            : lines.Length > 0 ? string.Create(
                CultureInfo.InvariantCulture,
                $"wrote {lines.Length} lines to the standard error, the first: {lines[0]}")
            : output.Contains("NaN", StringComparison.Ordinal) ? "a loss is not a number"
            : output.Contains(lastWords, StringComparison.Ordinal) ? null
            : $"did not say '{lastWords}'";
    }
}
