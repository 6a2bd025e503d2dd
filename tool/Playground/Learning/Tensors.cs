using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground.Learning;

/// <summary>Numbers of one image, [C, H, W], as something to look at.</summary>
internal static class Tensors
{
    private const int Opaque = 255;

    /// <summary>The numbers of an image, in [-1, 1].</summary>
    /// <param name="image">The image, of red, green, blue and alpha.</param>
    /// <param name="channels">1 takes the red of an image that is grey; 3 all.</param>
    public static double[] Of(MLImage image, int channels)
    {
        var pixels = image.Pixels;
        var count = image.Width * image.Height;
        var isReversed = image.PixelFormat == MLPixelFormat.Bgra32;
        var values = new double[channels * count];
        for (var c = 0; c < channels; c++)
        {
            for (var i = 0; i < count; i++)
            {
                values[(c * count) + i] = (pixels[(4 * i) + (isReversed ? 2 - c : c)] / 127.5) - 1;
            }
        }

        return values;
    }

    /// <summary>A sum of numbers times factors.</summary>
    public static double[] Sum(params ReadOnlySpan<(double Factor, double[] Values)> terms)
    {
        var sum = new double[terms[0].Values.Length];
        foreach (var (factor, values) in terms)
        {
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += factor * values[i];
            }
        }

        return sum;
    }

    /// <summary>The root of the mean square.</summary>
    public static double Size(double[] values) => Math.Sqrt(values.Average(value => value * value));

    /// <summary>A PNG: 0 is grey, -range black and range white, beyond them the same.</summary>
    public static byte[] ToPng(double[] values, DiffusionTransformer model, double range)
    {
        var count = model.ImageWidth * model.ImageHeight;
        var pixels = new byte[4 * count];
        for (var i = 0; i < count; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                var value = values[(model.Channels == 1 ? 0 : c * count) + i];
                pixels[(4 * i) + c] = (byte)Math.Round(127.5 * (1 + Math.Clamp(value / range, -1, 1)));
            }

            pixels[(4 * i) + 3] = Opaque;
        }

        using var image = MLImage.CreateFromPixels(model.ImageWidth, model.ImageHeight, MLPixelFormat.Rgba32, pixels);
        return image.ToPng();
    }
}
