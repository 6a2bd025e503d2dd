using System.Globalization;
using Microsoft.ML.Diffusion.Tests.Runtime;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Looks at millions of the library's random numbers, as its tests do at some thousands.</summary>
internal static class RandomNumberStatistics
{
    /// <param name="numbers">How many numbers to look at.</param>
    /// <param name="pairs">Of how many seeds, and images of seeds, to compare the starts.</param>
    /// <returns>0 if all is as it should be.</returns>
    public static int Run(int numbers = 10_000_000, int pairs = 1_000_000)
    {
        List<Finding> findings = [.. RandomStatistics.Distribution(numbers), .. RandomStatistics.Correlations(numbers)];
        findings.Add(
            new(
                $"twins among {(2 * pairs - (int)Math.Sqrt(pairs)).ToString("N0", CultureInfo.InvariantCulture)} pairs of seed and image",
                RandomStatistics.Twins(pairs),
                0));
        findings.ForEach(finding => Console.WriteLine(finding));
        return findings.All(finding => finding.IsFine) ? 0 : 1;
    }
}
