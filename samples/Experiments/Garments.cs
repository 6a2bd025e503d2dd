using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>The bundled garments in memory.</summary>
internal static class Garments
{
    /// <summary>The first images of a set, the caller's to dispose.</summary>
    public static MLImage[] Images(string set, int count) =>
        [.. FashionMnist.Read(set).Take(count).Select(garment =>
            MLImage.CreateFromPixels(garment.Image.Width, garment.Image.Height, garment.Image.PixelFormat, garment.Image.Pixels))];

    /// <summary>The first garments of a set, as the features' network sees them.</summary>
    /// <param name="set">The set.</param>
    /// <param name="count">How many.</param>
    /// <param name="classes">The names that labels are numbers of.</param>
    public static (float[] Pixels, long Label)[] Labelled(string set, int count, IReadOnlyList<string> classes)
    {
        var names = classes.ToList();
        return [.. FashionMnist.Read(set).Take(count).Select(garment => (Grey(garment.Image), (long)names.IndexOf(garment.Label)))];
    }

    /// <summary>The levels of an image, 0..1.</summary>
    public static float[] Grey(MLImage image)
    {
        var pixels = image.Pixels;
        var grey = new float[pixels.Length / 4];
        for (var i = 0; i < grey.Length; i++)
        {
            grey[i] = pixels[4 * i] / 255f;
        }

        return grey;
    }

    /// <summary>The root of the mean squared difference of pairs of images, over all their pixels, in levels of 256.</summary>
    public static double Difference(IEnumerable<MLImage> first, IEnumerable<MLImage> second) => 255 * Math.Sqrt(
        first.Zip(second, (a, b) => Grey(a).Zip(Grey(b), (x, y) => (double)(x - y) * (x - y)).Average()).Average());
}
