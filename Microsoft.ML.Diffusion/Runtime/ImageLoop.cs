namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Work on the images of a batch, of which none depends on another.</summary>
internal static class ImageLoop
{
    private const int Worthwhile = 1 << 16; // numbers, below which waking other threads costs more than it saves

    /// <summary>Does the work of each image, on several threads where there are many numbers.</summary>
    /// <param name="count">The number of images.</param>
    /// <param name="length">The numbers of each.</param>
    /// <param name="work">Called with 0, 1, ... once each.</param>
    public static void Run(int count, int length, Action<int> work)
    {
        if (count > 1 && (long)count * length >= Worthwhile)
        {
            Parallel.For(0, count, work);
            return;
        }

        for (var image = 0; image < count; image++)
        {
            work(image);
        }
    }
}
