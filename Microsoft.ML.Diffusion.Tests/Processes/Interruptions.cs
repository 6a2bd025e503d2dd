using System.Globalization;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>Ends the processes of one run again and again, spread over all of it, and looks at what is lost and what comes out.</summary>
/// <param name="run">Starts <see cref="InterruptedRun.Run"/> in a process of its own, given the folder and the end.</param>
internal sealed class Interruptions(Func<string, string, (int ExitCode, string Output, string Error)> run)
{
    private const int SignalExit = 128;
    private const int SigKill = 9;
    private const int SigTerm = 15;

    private readonly List<string> _failures = [];

    /// <summary>What went wrong, a line for each process.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>The most steps that one process took and the next had to take again.</summary>
    public int MostLost { get; private set; }

    /// <summary>The result of a run that nothing interrupts: digest, steps, why it ended.</summary>
    public string Uninterrupted() => Last(run("", "never").Output);

    /// <summary>Interrupts a run so often, and then lets it end.</summary>
    /// <param name="kind">"kill" or "term".</param>
    /// <param name="count">How often.</param>
    /// <param name="steps">The steps of the whole run.</param>
    /// <param name="folder">Of the checkpoints, empty.</param>
    /// <returns>The result of the last process, as <see cref="Uninterrupted"/> gives it.</returns>
    public string Interrupt(string kind, int count, int steps, string folder)
    {
        for (var interruption = 1; interruption <= count; interruption++)
        {
            var step = Math.Max(interruption, interruption * (steps - 1) / (count + 1));
            var end = string.Create(CultureInfo.InvariantCulture, $"{kind} {step}");
            var (exitCode, output, error) = run(folder, end);
            var expected = SignalExit + (kind == "kill" ? SigKill : SigTerm);
            var lost = Math.Max(0, LastStep(output) - NewestCheckpoint(folder));
            MostLost = Math.Max(MostLost, lost);
            if (exitCode != expected || error.Length > 0)
            {
                _failures.Add(string.Create(CultureInfo.InvariantCulture, $"{end}: ended with {exitCode}, expected {expected}. {error}"));
            }
        }

        return Last(run(folder, "never").Output);
    }

    private static string Last(string output) => output.TrimEnd().Split('\n')[^1];

    private static int LastStep(string output) => output.Split('\n')
        .Where(line => line.StartsWith("step ", StringComparison.Ordinal))
        .Select(line => int.Parse(line["step ".Length..], CultureInfo.InvariantCulture))
        .LastOrDefault();

    private static int NewestCheckpoint(string folder) => Directory.GetFiles(folder, "checkpoint-*.safetensors")
        .Select(file => int.Parse(Path.GetFileNameWithoutExtension(file)["checkpoint-".Length..], CultureInfo.InvariantCulture))
        .DefaultIfEmpty(0)
        .Max();
}
