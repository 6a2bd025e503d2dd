using System.Diagnostics;
using System.Text.Json;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>A measurement in a process of its own: this program, started again.</summary>
internal static class Worker
{
    public const string Command = "measure";

    /// <summary>Measures, in this process, and prints the result.</summary>
    public static void Answer(string side, string configuration)
    {
        if (side == "others")
        {
            Console.WriteLine(JsonSerializer.Serialize(OtherFigures.Measure()));
            return;
        }

        var chosen = JsonSerializer.Deserialize<Configuration>(configuration)!;
        Console.WriteLine(JsonSerializer.Serialize(side == "plain" ? PlainSide.Measure(chosen) : ProjectSide.Measure(chosen)));
    }

    /// <summary>Measures in another process.</summary>
    public static Measurement Ask(string side, Configuration configuration) =>
        JsonSerializer.Deserialize<Measurement>(Start(Command, side, JsonSerializer.Serialize(configuration)))!;

    /// <summary>Measures what has no other side, in another process.</summary>
    public static SortedDictionary<string, double> AskOthers() =>
        JsonSerializer.Deserialize<SortedDictionary<string, double>>(Start(Command, "others", "-"))!;

    private static string Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["exec", typeof(Worker).Assembly.Location, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"The measurement '{string.Join(' ', arguments)}' ended with exit code {process.ExitCode}.");
    }
}
