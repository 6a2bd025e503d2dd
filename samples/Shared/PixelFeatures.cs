using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>What a picture looks like in small, as features for <see cref="DiffusionCatalog.EvaluateMemorization"/>: they need no network.</summary>
public sealed class PixelFeatures
{
    private const int Side = 16;
    private const int Channels = 3;

    /// <summary>Gets the means of the red, green and blue of 16x16 equal parts of the picture, 0..1; parts of smaller pictures are its pixels.</summary>
    [VectorType(Side * Side * Channels)]
    public float[] Features { get; private init; } = [];

    /// <summary>Makes rows of the features of images in memory.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="images">The images, which must stay as long as the rows are read.</param>
    public static IDataView Rows(MLContext mlContext, IEnumerable<MLImage> images)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        return mlContext.Data.LoadFromEnumerable(images.Select(Of));
    }

    /// <summary>Makes rows of the features of a column of images, computed as they are read.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="rows">Rows with a column "Image".</param>
    public static IDataView Rows(MLContext mlContext, IDataView rows) => Rows(mlContext, rows.GetColumn<MLImage>("Image"));

    private static PixelFeatures Of(MLImage image)
    {
        var pixels = image.Pixels;
        var features = new float[Side * Side * Channels];
        var red = image.PixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;
        for (var cell = 0; cell < Side * Side; cell++)
        {
            var (top, bottom) = Range(cell / Side, image.Height);
            var (left, right) = Range(cell % Side, image.Width);
            for (var channel = 0; channel < Channels; channel++)
            {
                var (place, sum) = (channel == 1 ? 1 : Math.Abs(red - channel), 0);
                for (var y = top; y < bottom; y++)
                {
                    for (var x = left; x < right; x++)
                    {
                        sum += pixels[(((y * image.Width) + x) * 4) + place];
                    }
                }

                features[(cell * Channels) + channel] = sum / (255f * (bottom - top) * (right - left));
            }
        }

        return new() { Features = features };
    }

    // The pixels that a part touches: one at least.
    private static (int First, int End) Range(int part, int length)
    {
        var first = part * length / Side;
        return (first, Math.Max(first + 1, (((part + 1) * length) + Side - 1) / Side));
    }
}
