namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>What filters see of images in channels-last order: for each place of a result a row of numbers, tap by tap ("im2col").</summary>
/// <param name="Shape">The convolution's sizes.</param>
internal readonly unsafe record struct Patches(ConvolutionShape Shape)
{
    /// <summary>Copies the rows of places.</summary>
    /// <param name="x">[N][H][W][C_in].</param>
    /// <param name="first">The first place, counted row by row and image by image.</param>
    /// <param name="count">Their number.</param>
    /// <param name="rows">[count][stride].</param>
    /// <param name="stride">Floats between two rows; those beyond a patch are set to zero.</param>
    public void Copy(float* x, int first, int count, float* rows, int stride)
    {
        var (channels, rest, side) = (Shape.InChannels, stride - Shape.PatchLength, Shape.Side);
        var (scale, step, before) = (Shape.Settings.Doubles ? 2 : 1, Shape.Settings.Stride, Shape.Settings.Before);
        uint height = (uint)(scale * Shape.InHeight), width = (uint)(scale * Shape.InWidth);
        var place = Start(first);
        for (var i = 0; i < count; i++)
        {
            var to = rows + ((long)i * stride);
            var image = x + ((long)place.Image * Shape.InHeight * Shape.InWidth * channels);
            var (top, left) = ((place.Row * step) - before, (place.Column * step) - before);
            for (var row = top; row < top + side; row++)
            {
                var line = image + ((long)(row / scale) * Shape.InWidth * channels);
                for (var column = left; column < left + side; column++, to += channels)
                {
                    Copy((uint)row < height && (uint)column < width ? line + ((column / scale) * channels) : null, to, channels);
                }
            }

            new Span<float>(to, rest).Clear();
            place = Next(place);
        }
    }

    // A pixel; nothing is one outside of the image.
    private static void Copy(float* pixel, float* to, int channels)
    {
        if (channels > 4)
        {
            if (pixel is null)
            {
                new Span<float>(to, channels).Clear();
            }
            else
            {
                new Span<float>(pixel, channels).CopyTo(new Span<float>(to, channels));
            }

            return;
        }

        for (var c = 0; c < channels; c++)
        {
            to[c] = pixel is null ? 0 : pixel[c];
        }
    }

    /// <summary>Adds the rows of places to what they were copied from.</summary>
    /// <param name="rows">[count][stride].</param>
    /// <param name="stride">Floats between two rows.</param>
    /// <param name="first">The first place.</param>
    /// <param name="count">Their number.</param>
    /// <param name="dx">[N][H][W][C_in].</param>
    public void Add(float* rows, int stride, int first, int count, float* dx)
    {
        var channels = Shape.InChannels;
        var place = Start(first);
        for (var i = 0; i < count; i++)
        {
            var from = rows + ((long)i * stride);
            for (var tap = 0; tap < Shape.Taps; tap++, from += channels)
            {
                if (Pixel(place, tap) is var pixel and >= 0)
                {
                    Numbers.Add(from, dx + (pixel * channels), channels);
                }
            }

            place = Next(place);
        }
    }

    // The number of the pixel under a tap; -1 outside of the image.
    private long Pixel((int Image, int Row, int Column) place, int tap)
    {
        var settings = Shape.Settings;
        var scale = settings.Doubles ? 2 : 1;
        var row = (place.Row * settings.Stride) + (tap / Shape.Side) - settings.Before;
        var column = (place.Column * settings.Stride) + (tap % Shape.Side) - settings.Before;
        return (uint)row < (uint)(scale * Shape.InHeight) && (uint)column < (uint)(scale * Shape.InWidth)
            ? ((((long)place.Image * Shape.InHeight) + (row / scale)) * Shape.InWidth) + (column / scale)
            : -1;
    }

    private (int Image, int Row, int Column) Start(int place)
    {
        var (row, column) = Math.DivRem(place, Shape.OutWidth);
        var (image, rowOfImage) = Math.DivRem(row, Shape.OutHeight);
        return (image, rowOfImage, column);
    }

    private (int Image, int Row, int Column) Next((int Image, int Row, int Column) place) =>
        place.Column + 1 < Shape.OutWidth ? place with { Column = place.Column + 1 }
        : place.Row + 1 < Shape.OutHeight ? (place.Image, place.Row + 1, 0)
        : (place.Image + 1, 0, 0);
}
