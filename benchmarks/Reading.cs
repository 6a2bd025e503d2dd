using System.Diagnostics;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>From rows of an <see cref="IDataView"/> to the numbers that a network trains on.</summary>
internal static class Reading
{
    private const int Images = 2000;
    private const int Side = 32;
    private const int BatchSize = 32;

    /// <summary>Images a second: decoded once from PNG files, and taken in batches of 32 from what was decoded.</summary>
    public static (double Decoded, double Batched) Measure(MLContext mlContext)
    {
        var folder = Directory.CreateTempSubdirectory("benchmark-").FullName;
        try
        {
            Write(folder);
            var rows = mlContext.Diffusion.LoadImages(folder, Side).Data;
            var images = new ImageColumn(rows.Schema["Image"], new PixelEncoding(0, 1));
            var reader = new TrainingSetReader(rows, images, label: null, new TrainingSetNeeds(new UNetOptions(), null, long.MaxValue));

            var clock = Stopwatch.StartNew();
            using var read = reader.Read();
            var decoding = clock.Elapsed.TotalSeconds;

            clock.Restart();
            const int Passes = 10;
            for (var first = 0; first < Passes * Images; first += BatchSize)
            {
                _ = read.Batch([.. Enumerable.Range(first, BatchSize).Select(i => i * 7 % Images)]);
            }

            return (Images / decoding, Passes * Images / clock.Elapsed.TotalSeconds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string folder)
    {
        var (random, shape) = (new Random(0), new ImageShape(3, Side, Side));
        var pixels = new byte[shape.PixelCount];
        for (var i = 0; i < Images; i++)
        {
            random.NextBytes(pixels);
            using var image = ImagePixels.Create(pixels, shape);
            image.Save(Path.Combine(folder, $"{i:0000}.png"));
        }
    }
}
