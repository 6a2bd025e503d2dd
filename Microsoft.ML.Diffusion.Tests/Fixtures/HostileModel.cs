using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A model by somebody who wants a page to run their script: its classes are called so.</summary>
internal static class HostileModel
{
    private const int Side = 8;

    /// <summary>A name for its file, where the system allows it.</summary>
    public const string FileName = "<img src=x onerror=document.title=1>'\"\u202Eevil.zip";

    /// <summary>Its classes.</summary>
    public static IReadOnlyList<string> Classes { get; } =
        ["<script>document.title=1</script>", "\"; Evil(); //\u202E\n", "' onmouseover='document.title=1", "</option><img src=x onerror=document.title=1>"];

    /// <summary>Trains and saves it, in a second.</summary>
    public static void Save(string path)
    {
        var mlContext = new MLContext(seed: 1);
        var rows = mlContext.Data.LoadFromEnumerable(Classes.Select((name, i) => new Row { Image = Flat((byte)(60 * i)), Class = name }));
        var options = new DiffusionOptions
        {
            Network = new UNetOptions
            {
                BaseChannels = 8,
                ChannelMultipliers = [1, 2],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [],
                NumberOfNormalizationGroups = 4,
            },
            Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = 4 },
            Generation = new GenerationOptions { Sampler = new DdimSampler(4) },
            LabelColumnName = "Label",
            Seed = 1,
            Device = "cpu",
        };
        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options)
            .Fit(mlContext.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(rows).Transform(rows));
        mlContext.Diffusion.SaveModel(model, rows.Schema, path);
    }

    private static MLImage Flat(byte level) =>
        MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Bgra32, [.. Enumerable.Range(0, 4 * Side * Side).Select(i => i % 4 == 3 ? byte.MaxValue : level)]);

    private sealed class Row
    {
        [Microsoft.ML.Transforms.Image.ImageType(Side, Side)]
        public MLImage? Image { get; set; }

        public string Class { get; set; } = "";
    }
}
