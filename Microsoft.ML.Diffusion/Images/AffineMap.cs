namespace Microsoft.ML.Diffusion.Images;

/// <summary>Where each pixel of a moved image comes from: (x, y) of the source from (x, y) of the result, both in pixels from the middle of the image.</summary>
/// <param name="XX">How far x moves with x.</param>
/// <param name="XY">How far x moves with y.</param>
/// <param name="YX">How far y moves with x.</param>
/// <param name="YY">How far y moves with y.</param>
/// <param name="X">The x that the middle comes from.</param>
/// <param name="Y">The y that the middle comes from.</param>
internal readonly record struct AffineMap(double XX, double XY, double YX, double YY, double X, double Y)
{
    public static AffineMap Identity { get; } = new(1, 0, 0, 1, 0, 0);

    /// <summary>Moves an image: bilinear between pixels, and outside of the image the nearest pixel of its edge. What comes from a whole pixel is that pixel.</summary>
    /// <param name="source">[C][H][W].</param>
    /// <param name="shape">Its shape, and the result's.</param>
    /// <param name="result">[C][H][W], to be written.</param>
    public void Move(ReadOnlySpan<float> source, ImageShape shape, Span<float> result)
    {
        var (middleX, middleY, pixels) = ((shape.Width - 1) / 2.0, (shape.Height - 1) / 2.0, shape.Width * shape.Height);
        for (var i = 0; i < pixels; i++)
        {
            double x = (i % shape.Width) - middleX, y = (i / shape.Width) - middleY;
            var (left, right, partX) = Between((XX * x) + (XY * y) + X + middleX, shape.Width);
            var (top, bottom, partY) = Between((YX * x) + (YY * y) + Y + middleY, shape.Height);
            for (var first = 0; first < source.Length; first += pixels)
            {
                var plane = source.Slice(first, pixels);
                var upper = Mixed(plane[(top * shape.Width) + left], plane[(top * shape.Width) + right], partX);
                var lower = Mixed(plane[(bottom * shape.Width) + left], plane[(bottom * shape.Width) + right], partX);
                result[first + i] = (float)Mixed(upper, lower, partY);
            }
        }
    }

    // The pixels beside a place, and how far it is from the first of them to the second.
    private static (int First, int Second, double Part) Between(double place, int count)
    {
        place = Math.Clamp(place, 0, count - 1);
        var first = (int)place;
        return (first, Math.Min(first + 1, count - 1), place - first);
    }

    private static double Mixed(double first, double second, double part) => ((1 - part) * first) + (part * second);
}
