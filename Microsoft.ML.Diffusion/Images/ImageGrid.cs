using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion;

/// <summary>Arranges images of one size into a single image.</summary>
public static class ImageGrid
{
    /// <summary>Lays images out row by row.</summary>
    /// <param name="images">At least one image, all of one size; they stay the caller's.</param>
    /// <param name="columns">Images in a row, at least 1.</param>
    /// <param name="padding">White pixels around each image, at least 0.</param>
    /// <returns>A new image; missing places at the end are white.</returns>
    /// <exception cref="ArgumentException"><paramref name="images"/> is empty or its sizes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="columns"/> or <paramref name="padding"/> is too small.</exception>
    public static MLImage Create(IReadOnlyList<MLImage> images, int columns, int padding = 0)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        if (images.Count == 0)
        {
            throw new ArgumentException("A grid needs at least one image.", nameof(images));
        }

        for (var i = 0; i < images.Count; i++)
        {
            DisposedImages.Refuse(images[i], $"{nameof(images)}[{i}]", nameof(images));
        }

        var (width, height) = (images[0].Width, images[0].Height);
        var (cellWidth, cellHeight) = (width + padding, height + padding);
        var rows = (images.Count + columns - 1) / columns;
        var shape = new ImageShape(3, (rows * cellHeight) + padding, (columns * cellWidth) + padding);
        var canvas = new byte[shape.PixelCount];
        Array.Fill(canvas, byte.MaxValue);

        for (var i = 0; i < images.Count; i++)
        {
            if (images[i].Width != width || images[i].Height != height)
            {
                throw new ArgumentException(
                    $"All images of a grid must have the size of the first, {width}x{height}, but image {i} is {images[i].Width}x{images[i].Height}. Resize them first.",
                    nameof(images));
            }

            var (left, top) = (padding + (i % columns * cellWidth), padding + (i / columns * cellHeight));
            Paste(ImagePixels.ReadRgb(images[i]), width, canvas, shape, left, top);
        }

        return ImagePixels.Create(canvas, shape);
    }

    private static void Paste(byte[] rgb, int width, byte[] canvas, ImageShape shape, int left, int top)
    {
        var height = rgb.Length / 3 / width;
        for (var row = 0; row < 3 * height; row++)
        {
            var (channel, y) = Math.DivRem(row, height);
            var target = (((channel * shape.Height) + top + y) * shape.Width) + left;
            Array.Copy(rgb, row * width, canvas, target, width);
        }
    }
}
