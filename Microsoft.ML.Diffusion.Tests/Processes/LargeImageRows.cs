using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>Rows of images of 4 MiB that pass a model of small images, read in the ways that ML.NET has: how much memory they take at most.</summary>
internal static class LargeImageRows
{
    private const int Side = 1024;
    private const int Small = 8;

    /// <summary>Reads so many rows and prints by how many MiB the process grew at most.</summary>
    /// <param name="how">"loader", ML.NET's part alone by a cursor; "cursor", "enumerable" and "resized", with the model.</param>
    /// <param name="count">The number of rows.</param>
    /// <returns>The exit code, 0.</returns>
    public static int Run(string how, int count)
    {
        var mlContext = new MLContext(seed: 1);
        var folder = Directory.CreateTempSubdirectory("diffusion-");
        try
        {
            WriteImage(Path.Combine(folder.FullName, "large.png"));
            using var model = Train(mlContext);
            IDataView Rows(int number)
            {
                var paths = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, number).Select(_ => new PathRow { Path = "large.png" }));
                var loaded = mlContext.Transforms.LoadImages("Large", folder.FullName, nameof(PathRow.Path)).Fit(paths).Transform(paths);
                var sized = how == "loader" ? loaded : mlContext.Transforms.ResizeImages("Large", Side, Side).Fit(loaded).Transform(loaded);
                return how == "loader" ? loaded : model.Transform(sized);
            }

            Read(mlContext, Rows(20), how, () => { });
            var (before, most) = (OwnMemory.Settled(), 0.0);
            Read(mlContext, Rows(count), how, () => most = Math.Max(most, OwnMemory.Now()));
            Console.WriteLine((most - before).ToString("F0", CultureInfo.InvariantCulture));
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Read(MLContext mlContext, IDataView rows, string how, Action afterRow)
    {
        switch (how)
        {
            case "enumerable":
                foreach (var row in mlContext.Data.CreateEnumerable<ImageRow>(rows, reuseRowObject: false))
                {
                    Check(row.Large!);
                    afterRow();
                }

                break;
            default:
                using (var cursor = rows.GetRowCursor(rows.Schema))
                {
                    var large = cursor.GetGetter<MLImage>(rows.Schema["Large"]);
                    var generated = how == "loader" ? null : cursor.GetGetter<MLImage>(rows.Schema["Generated"]);
                    MLImage image = null!, small = null!;
                    while (cursor.MoveNext())
                    {
                        large(ref image);
                        generated?.Invoke(ref small);
                        Check(image);
                        afterRow();
                    }
                }

                break;
        }
    }

    private static void Check(MLImage image)
    {
        if (image.Pixels.Length != 4 * Side * Side)
        {
            throw new InvalidOperationException("The image is another.");
        }
    }

    private static void WriteImage(string path)
    {
        var pixels = new byte[4 * Side * Side];
        Array.Fill(pixels, byte.MaxValue);
        using var image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, pixels);
        image.Save(path);
    }

    private static DiffusionTransformer Train(MLContext mlContext)
    {
        var rows = mlContext.Data.LoadFromEnumerable([new PixelRow()]);
        return mlContext.Transforms.DiffusionTrainer("Generated", nameof(PixelRow.Image), new DiffusionOptions
        {
            Network = new UNetOptions
            {
                BaseChannels = 8,
                ChannelMultipliers = [1, 2],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [],
                NumberOfNormalizationGroups = 4,
            },
            Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = 1 },
            Generation = new GenerationOptions { Sampler = new DdimSampler(2), Seed = 1 },
            Device = "cpu",
        }).Fit(rows);
    }

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }

    private sealed class PixelRow
    {
        [VectorType(1, Small, Small)]
        public float[] Image { get; set; } = new float[Small * Small];
    }

    private sealed class ImageRow
    {
        [ImageType(Side, Side)]
        public MLImage? Large { get; set; }

        [ImageType(Small, Small)]
        public MLImage? Generated { get; set; }
    }
}
