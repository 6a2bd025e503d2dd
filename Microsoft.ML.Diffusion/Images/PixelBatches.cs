using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Bytes 0..255 to and from batches in [-1, 1].</summary>
internal static class PixelBatches
{
    /// <summary>Packs images, whose planes lie one after another, into one batch.</summary>
    public static Batch FromBytes(IReadOnlyList<byte[]> images) =>
        Batch.Create(images.Count, images[0].Length, (image, values) =>
        {
            var levels = images[image];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (levels[i] / 127.5) - 1;
            }
        });

    /// <summary>Makes one image of each of a batch, rounding to the nearest of 256 levels.</summary>
    public static MLImage[] ToImages(Batch batch, ImageShape shape) =>
        Array.ConvertAll(ToBytes(batch), planes => ImagePixels.Create(planes, shape));

    /// <summary>Takes the planes [C][H][W] of each image of a batch, rounding to the nearest of 256 levels.</summary>
    public static byte[][] ToBytes(Batch batch)
    {
        var images = new byte[batch.Count][];
        HostThreads.ForParts(batch.Count, batch.Values.Length, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                images[i] = ToBytes(batch[i]);
            }
        });
        return images;
    }

    private static byte[] ToBytes(ReadOnlySpan<double> values)
    {
        var levels = new byte[values.Length];
        for (var i = 0; i < levels.Length; i++)
        {
            levels[i] = (byte)Math.Clamp(Math.Round((values[i] + 1) * 127.5), 0, 255);
        }

        return levels;
    }
}
