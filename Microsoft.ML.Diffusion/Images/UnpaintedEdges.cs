namespace Microsoft.ML.Diffusion.Images;

/// <summary>
/// Mends what ML.NET 5.0.1's ResizeImages leaves: it rounds a scaled side down and so does not paint the last column or row for one size
/// in eight (3024 to 32, for one). Over white that would be a line that every image learns.
/// </summary>
internal static class UnpaintedEdges
{
    /// <summary>Repeats the neighbouring column or row over an edge that alone has no alpha.</summary>
    /// <param name="pixels">The image, four bytes a pixel, alpha last.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="planes">Its planes, [C, H, W], changed in place.</param>
    public static void Fill(ReadOnlySpan<byte> pixels, int width, int height, Span<byte> planes)
    {
        var (paintedWidth, paintedHeight) = (width, height);
        if (width > 1 && AlphaIs(0, pixels, width, width - 1, 0, width, height))
        {
            paintedWidth--;
        }

        if (height > 1 && AlphaIs(0, pixels, width, 0, height - 1, width, height))
        {
            paintedHeight--;
        }

        if ((paintedWidth, paintedHeight) == (width, height) || !AlphaIs(byte.MaxValue, pixels, width, 0, 0, paintedWidth, paintedHeight))
        {
            return;
        }

        for (var i = 0; i < planes.Length; i++)
        {
            var (y, x) = Math.DivRem(i % (width * height), width);
            var firstOfPlane = i - x - (y * width);
            planes[i] = planes[firstOfPlane + Math.Min(x, paintedWidth - 1) + (Math.Min(y, paintedHeight - 1) * width)];
        }
    }

    private static bool AlphaIs(byte alpha, ReadOnlySpan<byte> pixels, int stride, int left, int top, int right, int bottom)
    {
        for (var y = top; y < bottom; y++)
        {
            for (var x = left; x < right; x++)
            {
                if (pixels[(4 * ((y * stride) + x)) + 3] != alpha)
                {
                    return false;
                }
            }
        }

        return true;
    }
}
