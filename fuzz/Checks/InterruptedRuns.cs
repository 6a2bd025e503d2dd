using System.Globalization;
using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Ends the processes of a training by signals, again and again.</summary>
internal static class InterruptedRuns
{
    /// <param name="count">How often by each signal.</param>
    /// <returns>0 if each run ended as one that nothing interrupts, and lost no more than it may.</returns>
    public static int Run(int count)
    {
        var failed = 0;
        foreach (var (kind, mayLose) in ((string, int)[])[("kill", InterruptedRun.CheckpointEverySteps), ("term", 1)])
        {
            var folder = Directory.CreateTempSubdirectory("diffusion-interruptions-");
            try
            {
                var runs =
                    new Interruptions(
                        (checkpoints, end) => ProcessRuns.Start(typeof(InterruptedRuns).Assembly.Location, "interrupted", checkpoints, end));
                var expected = runs.Uninterrupted();
                var result = runs.Interrupt(kind, count, int.Parse(expected.Split(' ')[1], CultureInfo.InvariantCulture), folder.FullName);
                runs.Failures.ToList().ForEach(Console.WriteLine);
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{kind} {count}: at most {runs.MostLost} steps lost of {mayLose} allowed; {(result == expected ? "the same model" : $"another model, {result}")} as {expected}"));
                failed += runs.Failures.Count > 0 || runs.MostLost > mayLose || result != expected ? 1 : 0;
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }

        return failed;
    }
}
