using System.Globalization;
using Microsoft.ML.Diffusion.Tests.Groups;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Kills one of the processes that train a model over MPI, again and again, and goes on with another number of them each time.</summary>
internal static class KilledProcesses
{
    private const int StepsPerRound = 18;
    private const double Tolerance = 1e-3;

    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(40); // the start, its steps, and ten seconds to end all
    private static readonly int[] _ranks = [2, 3, 4];

    /// <param name="count">How often.</param>
    /// <returns>The number of things that went wrong.</returns>
    public static int Run(int count)
    {
        var failed = 0;
        foreach (var launcher in MpiLaunch.Launchers)
        {
            if (MpiLaunch.Lack(launcher) is { } lack)
            {
                Console.WriteLine(lack);
                continue;
            }

            failed += Run(launcher, count);
        }

        return failed;
    }

    private static int Run(string launcher, int count)
    {
        var steps = (count + 1) * StepsPerRound;
        var whole = MpiLaunch.Run(launcher, 2, $"train {steps}", "none");
        var slices = int.Parse(MpiLaunch.Said(whole.Output, 0, "slices").Single(), CultureInfo.InvariantCulture) / steps;
        var (failed, folder) = (0, Directory.CreateTempSubdirectory("diffusion-kills-"));
        try
        {
            for (var round = 0; round < count; round++)
            {
                var ranks = _ranks[round % _ranks.Length];
                var moment = (slices * StepsPerRound) + (round * 7 % slices); // in another slice of a step each time
                var (exitCode, output, error, time) = MpiLaunch.Run(launcher, ranks, $"kill {steps} {moment}", folder.FullName);
                if (exitCode == 0 || time > _longest)
                {
                    failed++;
                    Console.WriteLine(FormattableString.Invariant($"round {round}, {ranks} processes: ended with {exitCode} after {time.TotalSeconds:F0} s. {output} {error}"));
                }
            }

            var last = MpiLaunch.Run(launcher, _ranks[count % _ranks.Length], $"train {steps}", folder.FullName);
            var (expected, actual) = (FinalLoss(whole.Output), FinalLoss(last.Output));
            failed += Math.Abs(actual - expected) > Tolerance * expected ? 1 : 0;
            Console.WriteLine(FormattableString.Invariant($"{launcher}: {count} kills in {steps} steps; the last loss {actual:R}, uninterrupted {expected:R}"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return failed;
    }

    private static double FinalLoss(string output) =>
        double.Parse(MpiLaunch.Said(output, 0, "result").Single().Split(' ')[^1], CultureInfo.InvariantCulture);
}
