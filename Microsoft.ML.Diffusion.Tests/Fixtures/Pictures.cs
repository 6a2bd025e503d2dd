using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Small pictures for tests, and how to compare pictures.</summary>
internal static class Pictures
{
    public const int Side = 8;

    /// <summary>A picture of vertical bars, whose phase is the number.</summary>
    public static MLImage Bars(int number, int width = Side, int height = Side, bool coloured = false)
    {
        var pixels = new byte[4 * width * height];
        for (var i = 0; i < width * height; i++)
        {
            var level = (byte)(((i % width) + number) % 4 < 2 ? 230 : 20);
            (pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2], pixels[(4 * i) + 3]) = (level, level, coloured ? (byte)(255 - level) : level, 255);
        }

        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
    }

    /// <summary>A grey picture from the level, 0 to 255, at each column and row.</summary>
    public static MLImage Grey(Func<int, int, byte> level, int width = Side, int height = Side)
    {
        var pixels = new byte[4 * width * height];
        for (var i = 0; i < width * height; i++)
        {
            Array.Fill(pixels, level(i % width, i / width), 4 * i, 3);
            pixels[(4 * i) + 3] = 255;
        }

        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
    }

    /// <summary>The root of the mean squared difference of the colours of two pictures, in levels of 256, where a mask is light or everywhere.</summary>
    public static double Distance(MLImage a, MLImage b, MLImage? mask = null)
    {
        var (first, second) = (a.Pixels.ToArray(), b.Pixels.ToArray());
        var counted = Enumerable.Range(0, first.Length).Where(i => i % 4 < 3 && (mask is null || mask.Pixels[i] >= 128));
        return Math.Sqrt(counted.Average(i => Math.Pow(first[i] - second[i], 2)));
    }

    /// <summary>Each picture as a text that differs if a pixel does; the pictures are disposed.</summary>
    public static string[] Digests(IEnumerable<MLImage> images) => [.. images.Select(image => Digest([image]))];

    /// <summary>Rows of pictures, each with a number and a class.</summary>
    public static IDataView Rows(MLContext mlContext, int count = 8, bool coloured = false) =>
        mlContext.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Fit(Unkeyed(mlContext, count, coloured))
            .Transform(Unkeyed(mlContext, count, coloured));

    /// <summary>The same pictures for the same seed, as one number.</summary>
    public static string Digest(IEnumerable<MLImage> images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var image in images)
        {
            hash.AppendData(image.Pixels);
            image.Dispose();
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static IDataView Unkeyed(MLContext mlContext, int count, bool coloured) =>
        mlContext.Data.LoadFromEnumerable(
            Enumerable.Range(0, count).Select(
                i => new PictureRow { Image = Bars(i, coloured: coloured), Number = i, Class = i % 2 == 0 ? "even" : "odd" }));

    internal sealed class PictureRow
    {
        [ImageType(Side, Side)]
        public MLImage? Image { get; set; }

        public int Number { get; set; }

        public string Class { get; set; } = "";
    }
}
