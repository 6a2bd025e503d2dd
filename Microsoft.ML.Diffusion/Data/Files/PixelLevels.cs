using Microsoft.ML.Diffusion.Data.Formats;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Which numbers of deep images become black and white: for whole numbers, and for floating-point numbers.</summary>
internal readonly record struct PixelLevels((double Black, double White) Whole, (double Black, double White) Float)
{
    /// <summary>Finds them in one image.</summary>
    public static PixelLevels Of(DeepImage image, PixelRange range)
    {
        var statistics = new DeepStatistics();
        statistics.Add(image);
        var found = statistics.Range(range, image.IsFloat);
        return new(found, found);
    }

    /// <summary>Makes an image of 8 bits a channel.</summary>
    public ByteImage Apply(DeepImage image)
    {
        var (black, white) = image.IsFloat ? Float : Whole;
        var scale = 255 / (white - black);
        var pixels = new byte[4 * image.Width * image.Height];
        var (values, step) = (image.Values, image.Channels);
        for (var (pixel, from) = (0, 0); pixel < pixels.Length; pixel += 4, from += step)
        {
            pixels[pixel] = Level((values[from] - black) * scale);
            pixels[pixel + 1] = step == 1 ? pixels[pixel] : Level((values[from + 1] - black) * scale);
            pixels[pixel + 2] = step == 1 ? pixels[pixel] : Level((values[from + 2] - black) * scale);
            pixels[pixel + 3] = image.Alpha is { } alpha ? (byte)Math.Round(255 * alpha[pixel / 4]) : byte.MaxValue;
        }

        return new(image.Width, image.Height, image.Orientation, pixels);
    }

    // What is no number is black.
    private static byte Level(double level) => level >= 255 ? byte.MaxValue : level > 0 ? (byte)Math.Round(level) : (byte)0;
}
