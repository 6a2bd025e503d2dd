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
        var pixels = new byte[4 * image.Width * image.Height];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (pixel, channel) = (i / 4, i % 4);
            pixels[i] = channel == 3
                ? (byte)Math.Round(255 * (image.Alpha?[pixel] ?? 1))
                : Level(image.Values[(pixel * image.Channels) + (image.Channels == 1 ? 0 : channel)], black, white);
        }

        return new(image.Width, image.Height, image.Orientation, pixels);
    }

    // What is no number is black.
    private static byte Level(double value, double black, double white) =>
        double.IsNaN(value) ? (byte)0 : (byte)Math.Round(255 * Math.Clamp((value - black) / (white - black), 0, 1));
}
