using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Data.Formats;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>The EXIF orientation: which way up a camera was held.</summary>
internal static class Orientation
{
    private const int OnItsSide = 5; // and above

    /// <summary>Turns and mirrors stored pixels into the image that is meant.</summary>
    /// <param name="image">The stored image.</param>
    /// <param name="orientation">From 1, upright, to 8: where the stored first row and first column belong (TIFF 6.0, Orientation).</param>
    public static DecodedImage Upright(DecodedImage image, int orientation)
    {
        if (orientation == ExifOrientation.Upright)
        {
            return image;
        }

        var (right, bottom) = (image.Width - 1, image.Height - 1);
        var isOnItsSide = orientation >= OnItsSide;
        var (width, height) = isOnItsSide ? (image.Height, image.Width) : (image.Width, image.Height);
        var upright = new byte[image.Pixels.Length];
        var source = MemoryMarshal.Cast<byte, uint>(image.Pixels);
        var target = MemoryMarshal.Cast<byte, uint>(upright.AsSpan());
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (column, row) = orientation switch
                {
                    2 => (right - x, y), // top right
                    3 => (right - x, bottom - y), // bottom right
                    4 => (x, bottom - y), // bottom left
                    5 => (y, x), // left top
                    6 => (y, bottom - x), // right top
                    7 => (right - y, bottom - x), // right bottom
                    _ => (right - y, x), // left bottom
                };
                target[(y * width) + x] = source[(row * image.Width) + column];
            }
        }

        return new(width, height, upright);
    }
}
