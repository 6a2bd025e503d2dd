using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Images to the bytes of files, by SkiaSharp, of which <see cref="MLImage"/> is made.</summary>
internal static class ImageEncoder
{
    /// <summary>Checks what is asked for before any file is opened.</summary>
    public static void Check(ImageFileFormat format, int quality)
    {
        Runtime.Check.Require(Enum.IsDefined(format), nameof(format), format, "must be Png, Jpeg or WebP");
        Runtime.Check.Require(quality is >= 1 and <= 100, nameof(quality), quality, "must be from 1 to 100, because it is a percentage");
    }

    /// <summary>The end of a file's name, with its dot.</summary>
    public static string Extension(ImageFileFormat format) => format switch
    {
        ImageFileFormat.Png => ".png",
        ImageFileFormat.Jpeg => ".jpg",
        _ => ".webp",
    };

    /// <summary>Encodes an image; the caller disposes what is returned.</summary>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public static SKData Encode(MLImage image, ImageFileFormat format, int quality)
    {
        ReadOnlySpan<byte> pixels;
        try
        {
            pixels = format == ImageFileFormat.Jpeg ? Opaque(image) : image.Pixels;
        }
        catch (InvalidOperationException disposed)
        {
            throw new ObjectDisposedException("The image is disposed. Save it before.", disposed);
        }

        var isBlueFirst = format != ImageFileFormat.Jpeg && image.PixelFormat == MLPixelFormat.Bgra32;
        var order = isBlueFirst ? SKColorType.Bgra8888 : SKColorType.Rgba8888;
        var info = new SKImageInfo(image.Width, image.Height, order, SKAlphaType.Premul);
        using var copy = SKImage.FromPixelCopy(info, pixels);
        GC.KeepAlive(image); // whose memory the pixels may be
        using var pixmap = copy.PeekPixels();
        return pixmap.Encode(
            format switch
            {
                ImageFileFormat.Png => SKEncodedImageFormat.Png,
                ImageFileFormat.Jpeg => SKEncodedImageFormat.Jpeg,
                _ => SKEncodedImageFormat.Webp,
            },
            quality)
            ?? throw new InvalidOperationException(
                $"An image of {image.Width}x{image.Height} cannot be written as {format}. WebP has sides of at most 16383 pixels, JPEG of 65535.");
    }

    private static byte[] Opaque(MLImage image)
    {
        var planes = ImagePixels.ReadRgb(image);
        var plane = planes.Length / 3;
        var pixels = new byte[4 * plane];
        for (var i = 0; i < plane; i++)
        {
            (pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2]) = (planes[i], planes[plane + i], planes[(2 * plane) + i]);
            pixels[(4 * i) + 3] = byte.MaxValue;
        }

        return pixels;
    }
}
