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

    /// <summary>Rows of pictures, each with a number and a class.</summary>
    public static IDataView Rows(MLContext mlContext, int count = 8, bool coloured = false) =>
        mlContext.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(Unkeyed(mlContext, count, coloured)).Transform(Unkeyed(mlContext, count, coloured));

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
        mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new PictureRow { Image = Bars(i, coloured: coloured), Number = i, Class = i % 2 == 0 ? "even" : "odd" }));

    internal sealed class PictureRow
    {
        [ImageType(Side, Side)]
        public MLImage? Image { get; set; }

        public int Number { get; set; }

        public string Class { get; set; } = "";
    }
}
