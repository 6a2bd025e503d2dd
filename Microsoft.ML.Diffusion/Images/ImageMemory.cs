using System.Runtime.CompilerServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>
/// Keeps images that readers of rows drop from piling up. A reader need not dispose them, and one who keeps them, as <c>CreateEnumerable(...).ToArray()</c> does,
/// must find them whole: only the garbage collector knows when they are done with, but of one of 4 MiB it sees 100 bytes.
/// </summary>
internal static class ImageMemory
{
    // Of a reader's images the last two are in use when the collector looks: more often it would only make them old, and old ones are looked at seldom.
    private const long BytesBetweenCollections = 8 << 20;

    private static readonly ConditionalWeakTable<MLImage, Pressure> _handedOut = [];
    private static long _bytes;

    /// <summary>Gives an image that this library has made to a reader of rows, and has the collector look for dropped ones now and then.</summary>
    public static MLImage HandOut(MLImage image)
    {
        _handedOut.Add(image, new Pressure(Bytes(image)));
        if (Interlocked.Add(ref _bytes, Bytes(image)) >= BytesBetweenCollections)
        {
            Interlocked.Exchange(ref _bytes, 0);
            GC.Collect(1, GCCollectionMode.Forced, blocking: false); // young objects alone: a millisecond
        }

        return image;
    }

    /// <summary>The native memory of an image.</summary>
    public static long Bytes(MLImage image) => 4L * image.Width * image.Height;

    /// <summary>Lives as long as its image, and by itself makes the collector look at old ones too, when some 40 MiB have come together.</summary>
    private sealed class Pressure
    {
        private readonly long _bytes;

        public Pressure(long bytes)
        {
            _bytes = bytes;
            GC.AddMemoryPressure(bytes);
        }

        ~Pressure() => GC.RemoveMemoryPressure(_bytes);
    }
}
