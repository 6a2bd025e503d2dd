using System.Runtime.InteropServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>An opaque image as a file holds it: red, green, blue and 255 for each pixel, row by row.</summary>
internal readonly record struct DecodedImage(int Width, int Height, byte[] Pixels)
{
    /// <summary>Whether red, green and blue are equal everywhere.</summary>
    public bool IsGrey()
    {
        for (var i = 0; i < Pixels.Length; i += 4)
        {
            if (Pixels[i] != Pixels[i + 1] || Pixels[i] != Pixels[i + 2])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether all that the options take of the image is one single colour.</summary>
    public bool IsBlank(ImageFolderOptions options)
    {
        var (left, top, right, bottom) = options is { Width: { } width, Height: { } height, Fit: ImageFit.Crop }
            ? ImageResizing.Taken(Width, Height, width, height)
            : (0, 0, Width, Height);
        var colors = MemoryMarshal.Cast<byte, uint>(Pixels);
        var first = colors[(top * Width) + left];
        for (var y = top; y < bottom; y++)
        {
            if (colors[((y * Width) + left)..((y * Width) + right)].IndexOfAnyExcept(first) >= 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes an image of the size and in the colours that the options ask for.</summary>
    public MLImage ToImage(ImageFolderOptions options)
    {
        var fitted = ImageResizing.Fit(this, options.Width ?? Width, options.Height ?? Height, options.Fit, options.Background);
        if (options.Grayscale)
        {
            ImageResizing.ToGrey(fitted.Pixels);
        }

        return MLImage.CreateFromPixels(fitted.Width, fitted.Height, MLPixelFormat.Rgba32, fitted.Pixels);
    }
}
