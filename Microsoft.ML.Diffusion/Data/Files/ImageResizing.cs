using System.Drawing;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>
/// Scales images by a triangle filter as wide as a pixel of the coarser side, horizontally and then vertically: bilinear interpolation when
/// enlarging, and no aliasing when reducing, which a model would learn and every measure of its images would see (Parmar et al. 2022).
/// </summary>
internal static class ImageResizing
{
    /// <summary>Brings an image to a size.</summary>
    public static DecodedImage Fit(DecodedImage image, int width, int height, ImageFit fit, Color background)
    {
        if ((image.Width, image.Height) == (width, height))
        {
            return image;
        }

        var (across, down) = ((double)width / image.Width, (double)height / image.Height);
        switch (fit)
        {
            case ImageFit.Stretch:
                return Scale(image, image.Width, image.Height, width, height);
            case ImageFit.Crop:
                var cover = Math.Max(across, down);
                return Scale(image, width / cover, height / cover, width, height);
            default:
                var inside = Math.Min(across, down);
                var scaled = Scale(image, image.Width, image.Height, Side(image.Width * inside), Side(image.Height * inside));
                return Pad(scaled, width, height, background);
        }
    }

    /// <summary>The pixels that <see cref="ImageFit.Crop"/> takes part of into a size.</summary>
    public static (int Left, int Top, int Right, int Bottom) Taken(int sourceWidth, int sourceHeight, int width, int height)
    {
        var cover = Math.Max((double)width / sourceWidth, (double)height / sourceHeight);
        var (left, top) = ((sourceWidth - (width / cover)) / 2, (sourceHeight - (height / cover)) / 2);
        return (
            (int)Math.Max(0, left),
            (int)Math.Max(0, top),
            (int)Math.Min(sourceWidth, Math.Ceiling(sourceWidth - left)),
            (int)Math.Min(sourceHeight, Math.Ceiling(sourceHeight - top)));
    }

    /// <summary>Turns colours into greys.</summary>
    public static void ToGrey(byte[] pixels)
    {
        for (var i = 0; i < pixels.Length; i += 4)
        {
            var luma = (byte)Math.Round((0.299 * pixels[i]) + (0.587 * pixels[i + 1]) + (0.114 * pixels[i + 2]));
            pixels.AsSpan(i, 3).Fill(luma);
        }
    }

    private static int Side(double length) => Math.Max(1, (int)Math.Round(length));

    // The middle of the image, of the size taken, becomes the whole target. Rows are scaled one after the other and added where they count,
    // so memory is that of the target however long the image is.
    private static DecodedImage Scale(DecodedImage image, double takenWidth, double takenHeight, int width, int height)
    {
        var columns = Taps(image.Width, takenWidth, width);
        var rows = Taps(image.Height, takenHeight, height);
        var (sums, narrow, first) = (new float[3 * width * height], new float[3 * width], 0);
        for (var y = rows[0].First; y < rows[^1].First + rows[^1].Weights.Length; y++)
        {
            Narrow(image.Pixels.AsSpan(4 * y * image.Width, 4 * image.Width), columns, narrow);
            while (rows[first].First + rows[first].Weights.Length <= y)
            {
                first++;
            }

            for (var target = first; target < height && rows[target].First <= y; target++)
            {
                var sum = sums.AsSpan(3 * target * width, 3 * width);
                TensorPrimitives.MultiplyAdd(narrow, rows[target].Weights[y - rows[target].First], sum, sum);
            }
        }

        return new(width, height, Round(sums));
    }

    private static void Narrow(ReadOnlySpan<byte> pixels, (int First, float[] Weights)[] columns, float[] narrow)
    {
        for (var x = 0; x < columns.Length; x++)
        {
            var (first, weights) = columns[x];
            var (red, green, blue) = (0f, 0f, 0f);
            for (var k = 0; k < weights.Length; k++)
            {
                var pixel = pixels.Slice(4 * (first + k), 3);
                red += weights[k] * pixel[0];
                green += weights[k] * pixel[1];
                blue += weights[k] * pixel[2];
            }

            (narrow[3 * x], narrow[(3 * x) + 1], narrow[(3 * x) + 2]) = (red, green, blue);
        }
    }

    private static byte[] Round(float[] sums)
    {
        var pixels = new byte[4 * (sums.Length / 3)];
        for (var (i, sum) = (0, 0); i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? byte.MaxValue : (byte)MathF.Round(Math.Clamp(sums[sum++], 0, 255));
        }

        return pixels;
    }

    // For each place of the target: the first pixel of the source that counts, and the weights from there on, which sum to 1.
    private static (int First, float[] Weights)[] Taps(int source, double taken, int target)
    {
        var scale = taken / target;
        var reach = Math.Max(1, scale);
        var taps = new (int, float[])[target];
        for (var i = 0; i < target; i++)
        {
            var centre = ((source - taken) / 2) + ((i + 0.5) * scale);
            var first = Math.Max(0, (int)Math.Floor(centre - reach + 0.5));
            var last = Math.Min(source, (int)Math.Floor(centre + reach + 0.5));
            var weights = Enumerable.Range(first, last - first).Select(j => Math.Max(0, 1 - (Math.Abs(j + 0.5 - centre) / reach))).ToList();
            var sum = weights.Sum();
            taps[i] = (first, [.. weights.Select(weight => (float)(weight / sum))]);
        }

        return taps;
    }

    private static DecodedImage Pad(DecodedImage image, int width, int height, Color background)
    {
        var pixels = new byte[4 * width * height];
        var around = MemoryMarshal.Read<uint>([background.R, background.G, background.B, byte.MaxValue]);
        MemoryMarshal.Cast<byte, uint>(pixels.AsSpan()).Fill(around);
        var (left, top) = ((width - image.Width) / 2, (height - image.Height) / 2);
        for (var y = 0; y < image.Height; y++)
        {
            Array.Copy(image.Pixels, 4 * y * image.Width, pixels, 4 * (((top + y) * width) + left), 4 * image.Width);
        }

        return new(width, height, pixels);
    }
}
