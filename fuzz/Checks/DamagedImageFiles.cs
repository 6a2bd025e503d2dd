using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Damaged image files through each reader of the library, as many as are asked for, where the tests read 500.</summary>
internal static class DamagedImageFiles
{
    /// <returns>The number of files that were not taken as they should be.</returns>
    public static int Run(int count)
    {
        var faults = 0;
        foreach (var reader in DamagedImages.Samples.Keys)
        {
            var (read, start) = (0, System.Diagnostics.Stopwatch.GetTimestamp());
            for (var i = 0; i < count; i++)
            {
                if (DamagedImages.Read(DamagedImages.Make(reader, i), out var wasRead) is { } fault)
                {
                    faults++;
                    Console.WriteLine($"{reader}, file {i}: {fault}");
                }

                read += wasRead ? 1 : 0;
            }

            var time = System.Diagnostics.Stopwatch.GetElapsedTime(start);
            Console.WriteLine(
                FormattableString.Invariant($"{reader,-12} {count} damaged files: {read} read, {count - read} refused, {time.TotalSeconds:F1} s"));
        }

        return faults;
    }
}
