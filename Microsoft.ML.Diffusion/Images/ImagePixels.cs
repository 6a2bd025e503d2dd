using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Images;

/// <summary><see cref="MLImage"/> to and from planar bytes [C, H, W].</summary>
internal static class ImagePixels
{
    /// <summary>Copies the red, green and blue planes of an image, alpha composited over white.</summary>
    /// <remarks>
    /// MLImage holds premultiplied colour, where no colour exceeds alpha. ML.NET's ConvertToImage can leave alpha 0 on coloured pixels: an image
    /// that breaks the rule anywhere has no alpha worth reading, and neither has one whose alpha is 0 everywhere, as BMP files of 32 bits are often
    /// written: colours are then taken as they are.
    /// </remarks>
    /// <returns>[3, H, W], 0..255.</returns>
    public static byte[] ReadRgb(MLImage image)
    {
        var source = image.Pixels;
        var (first, last) = image.PixelFormat == MLPixelFormat.Rgba32 ? (0, 2) : (2, 0);
        var plane = image.Width * image.Height;
        var rgb = new byte[3 * plane];

        var hasAlpha = HasPremultipliedAlpha(source);
        for (var i = 0; i < plane; i++)
        {
            var pixel = source.Slice(4 * i, 4);
            var white = hasAlpha ? 255 - pixel[3] : 0;
            rgb[i] = (byte)(pixel[first] + white);
            rgb[plane + i] = (byte)(pixel[1] + white);
            rgb[(2 * plane) + i] = (byte)(pixel[last] + white);
        }

        UnpaintedEdges.Fill(source, image.Width, image.Height, rgb);
        GC.KeepAlive(image); // its pixels lie in memory that its finalizer frees
        return rgb;
    }

    /// <summary>Whether the three planes are equal.</summary>
    public static bool IsGrey(ReadOnlySpan<byte> rgb)
    {
        var plane = rgb.Length / 3;
        return rgb[..plane].SequenceEqual(rgb[plane..(2 * plane)]) && rgb[..plane].SequenceEqual(rgb[(2 * plane)..]);
    }

    /// <summary>One plane of luma (ITU-R BT.601) from three; a grey image keeps its values.</summary>
    public static byte[] ToGrey(ReadOnlySpan<byte> rgb)
    {
        var plane = rgb.Length / 3;
        var grey = new byte[plane];
        for (var i = 0; i < plane; i++)
        {
            grey[i] = (byte)Math.Round((0.299 * rgb[i]) + (0.587 * rgb[plane + i]) + (0.114 * rgb[(2 * plane) + i]));
        }

        return grey;
    }

    /// <summary>Makes an opaque image from planes.</summary>
    /// <param name="planes">[C, H, W] with C = 1 (grey) or 3 (red, green, blue).</param>
    /// <param name="shape">The size.</param>
    public static MLImage Create(ReadOnlySpan<byte> planes, ImageShape shape)
    {
        var plane = shape.Height * shape.Width;
        var (green, blue) = shape.Channels == 1 ? (0, 0) : (plane, 2 * plane);
        var pixels = new byte[4 * plane];
        for (var i = 0; i < plane; i++)
        {
            pixels[4 * i] = planes[i];
            pixels[(4 * i) + 1] = planes[green + i];
            pixels[(4 * i) + 2] = planes[blue + i];
            pixels[(4 * i) + 3] = 255;
        }

        return MLImage.CreateFromPixels(shape.Width, shape.Height, MLPixelFormat.Rgba32, pixels);
    }

    /// <summary>Copies an image.</summary>
    public static MLImage Copy(MLImage image)
    {
        var copy = MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels);
        GC.KeepAlive(image); // its pixels lie in memory that its finalizer frees
        return copy;
    }

    private static bool HasPremultipliedAlpha(ReadOnlySpan<byte> pixels)
    {
        var isVisible = false;
        for (var i = 0; i < pixels.Length; i += 4)
        {
            var alpha = pixels[i + 3];
            isVisible |= alpha > 0;
            if (pixels[i] > alpha || pixels[i + 1] > alpha || pixels[i + 2] > alpha)
            {
                return false;
            }
        }

        return isVisible;
    }
}
