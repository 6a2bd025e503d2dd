using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>The EXIF orientation: which way up a camera was held.</summary>
internal static class Orientation
{
    /// <summary>Turns and mirrors stored pixels into the image that is meant.</summary>
    public static DecodedImage Upright(DecodedImage image, SKEncodedOrigin origin)
    {
        if (origin == SKEncodedOrigin.TopLeft)
        {
            return image;
        }

        var (right, bottom) = (image.Width - 1, image.Height - 1);
        var isOnItsSide = origin >= SKEncodedOrigin.LeftTop;
        var (width, height) = isOnItsSide ? (image.Height, image.Width) : (image.Width, image.Height);
        var upright = new byte[image.Pixels.Length];
        var source = MemoryMarshal.Cast<byte, uint>(image.Pixels);
        var target = MemoryMarshal.Cast<byte, uint>(upright.AsSpan());
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (column, row) = origin switch
                {
                    SKEncodedOrigin.TopRight => (right - x, y),
                    SKEncodedOrigin.BottomRight => (right - x, bottom - y),
                    SKEncodedOrigin.BottomLeft => (x, bottom - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, bottom - x),
                    SKEncodedOrigin.RightBottom => (right - y, bottom - x),
                    _ => (right - y, x), // LeftBottom
                };
                target[(y * width) + x] = source[(row * image.Width) + column];
            }
        }

        return new(width, height, upright);
    }
}
