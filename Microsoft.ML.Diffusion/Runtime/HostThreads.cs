namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Shares out numbers that the host computes between its cores, where they are so many that it pays.</summary>
internal static class HostThreads
{
    // Some 10 microseconds of sums: about what it costs to start another core.
    private const long NumbersOfPart = 1 << 15;

    /// <summary>Does the work of each image of a batch.</summary>
    /// <param name="images">How many.</param>
    /// <param name="length">The numbers of each.</param>
    /// <param name="work">Called with 0, 1, ... once each, on any thread.</param>
    public static void ForEach(int images, int length, Action<int> work) => ForParts(images, (long)images * length, (first, end) =>
    {
        for (var image = first; image < end; image++)
        {
            work(image);
        }
    });

    /// <summary>Computes all of so many items, in parts; what an item becomes must not depend on the parts.</summary>
    /// <param name="items">How many.</param>
    /// <param name="numbers">How many numbers they all have.</param>
    /// <param name="compute">Called with the first item of a part and the one behind its last, on any thread.</param>
    public static void ForParts(int items, long numbers, Action<int, int> compute)
    {
        var parts = (int)Math.Min(Math.Min(items, numbers / NumbersOfPart), CoreShare.Cores);
        if (parts <= 1)
        {
            compute(0, items);
            return;
        }

        Parallel.For(0, parts, part => compute(First(part), First(part + 1)));

        int First(int part) => (int)((long)items * part / parts);
    }
}
