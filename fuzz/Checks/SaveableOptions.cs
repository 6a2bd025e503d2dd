using Microsoft.ML.Diffusion.Tests.Persistence;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>What options take can be saved, and what is saved can be loaded, over many options with extremes among them.</summary>
internal static class SaveableOptions
{
    /// <returns>The number of options for which it does not hold.</returns>
    public static int Run(int count)
    {
        var folder = Directory.CreateTempSubdirectory("diffusion-");
        try
        {
            var results = Enumerable.Range(0, count).Select(number => SavedOptions.Try(number, folder.FullName)).ToList();
            var failures = results.Select(result => result.Failure).OfType<string>().ToList();
            failures.ForEach(Console.WriteLine);
            Console.WriteLine($"{results.Count(result => result.Taken)} of {count} were taken, {failures.Count} failed");
            return failures.Count;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
