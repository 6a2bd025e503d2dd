using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>
/// Keeps images that readers of rows drop from piling up. A reader need not dispose them, and one who keeps them, as <c>CreateEnumerable(...).ToArray()</c> does,
/// must find them whole: only the garbage collector knows when they are done with, but of one of 4 MiB it sees 100 bytes.
/// </summary>
internal static class ImageMemory
{
    // Of AddMemoryPressure's own budget, which grows to 40 MiB, twice as much stays.
    private const long BytesBetweenCollections = 4 << 20;

    private static long _bytes;

    /// <summary>Gives an image that this library has made to a reader of rows, and has the collector look for dropped ones now and then.</summary>
    public static MLImage HandOut(MLImage image)
    {
        if (Interlocked.Add(ref _bytes, Bytes(image)) >= BytesBetweenCollections)
        {
            Interlocked.Exchange(ref _bytes, 0);
            GC.Collect(1, GCCollectionMode.Forced, blocking: false); // young objects alone: a millisecond, against those of four MiB of pixels
        }

        return image;
    }

    /// <summary>The native memory of an image.</summary>
    public static long Bytes(MLImage image) => 4L * image.Width * image.Height;
}
