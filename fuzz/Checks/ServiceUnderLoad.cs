using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Processes;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>The sample WebApi under a load of many requests: whether every answer is right, and whether it grows.</summary>
internal static class ServiceUnderLoad
{
    private const int SwapEvery = 100;
    private const int Parts = 10;
    private const double MostGrowth = 20; // MiB

    /// <param name="model">A model of 28x28 grey images with classes, such as models/garments.zip.</param>
    /// <param name="count">The number of requests.</param>
    /// <returns>0 if all is well.</returns>
    public static async Task<int> RunAsync(string model, int count)
    {
        var folder = Directory.CreateTempSubdirectory("diffusion-service-");
        try
        {
            string[] models = [model, SaveOther(model, Path.Combine(folder.FullName, "other.zip"))];
            using var load = await ServiceLoad.StartAsync(Runs.Sample("WebApi"), folder.FullName, models, steps: [1, 2]);
            for (var part = 0; part < Parts; part++)
            {
                await load.RunAsync(count / Parts, SwapEvery, count / Parts);
                Console.WriteLine(load);
            }

            load.Faults.Take(Parts).ToList().ForEach(Console.WriteLine);
            return load.Faults.Count == 0 && load.Memory[^1] - load.Memory[0] <= MostGrowth ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // A network of the same shape and classes that has learned nothing yet.
    private static string SaveOther(string path, string other)
    {
        var mlContext = new MLContext(seed: 2);
        using var model = mlContext.Diffusion.LoadDiffusionModel(path);
        var rows = mlContext.Data.LoadFromEnumerable(
            model.ClassNames.Select((name, number) => new Row { Image = Pictures.Bars(number, Row.Side, Row.Side), Class = name }));
        var options = new DiffusionOptions
        {
            Network = model.Network,
            Schedule = model.Schedule,
            Prediction = model.Prediction,
            Channels = model.Channels,
            LabelColumnName = "Label",
            Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = 2 },
            Device = "cpu",
        };
        var keyed = mlContext.Transforms.Conversion.MapValueToKey("Label", nameof(Row.Class)).Fit(rows).Transform(rows);
        using var trained = mlContext.Transforms.DiffusionTrainer("Generated", nameof(Row.Image), options).Fit(keyed);
        mlContext.Diffusion.SaveModel(trained, null, other);
        return other;
    }

    private sealed class Row
    {
        public const int Side = 28;

        [ImageType(Side, Side)]
        public MLImage? Image { get; set; }

        public string? Class { get; set; }
    }
}
