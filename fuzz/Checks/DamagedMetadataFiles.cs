using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Metadata files, written by the rules and damaged ones, as many as are asked for, where the tests read 5,000 of each.</summary>
internal static class DamagedMetadataFiles
{
    /// <returns>The number of files that were not taken as they should be.</returns>
    public static int Run(int count)
    {
        var faults = 0;
        foreach (var read in new Func<int, string?>[] { DamagedMetadata.RoundTrip, DamagedMetadata.Damaged })
        {
            foreach (var fault in Enumerable.Range(0, count).Select(read).OfType<string>())
            {
                faults++;
                Console.WriteLine(fault);
            }
        }

        Console.WriteLine($"{count} written and {count} damaged metadata files: {faults} faults");
        return faults;
    }
}
