using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A model that has learned something, and pictures like those it learned from: shared by all tests that need more than random weights.</summary>
/// <remarks>Trained on first use, in seconds. This is the one place to change in order to test on another model.</remarks>
internal static class TrainedModel
{
    private static readonly Lazy<DiffusionTransformer> _model = new(Train);
    private static readonly ConcurrentDictionary<string, Lazy<DiffusionTransformer>> _copies = new();

    /// <summary>Gets the model; it stays alive for the other tests.</summary>
    public static DiffusionTransformer Shared => _model.Value;

    /// <summary>Gives the model, or a copy that a device computes; it stays alive too.</summary>
    public static DiffusionTransformer On(string device) =>
        device == Shared.Device ? Shared : _copies.GetOrAdd(device, name => new(() => Copy().ToDevice(name))).Value;

    /// <summary>Gives pictures that the model has not seen, the caller's to dispose.</summary>
    public static MLImage[] Unseen(int count) => [.. Enumerable.Range(1000, count).Select(Spot)];

    private static DiffusionTransformer Copy()
    {
        var mlContext = new MLContext(seed: 3);
        using var stream = new MemoryStream();
        mlContext.Model.Save(Shared, null, stream);
        stream.Position = 0;
        return mlContext.Model.Load(stream, out _).GetDiffusion();
    }

    private static DiffusionTransformer Train()
    {
        var mlContext = new MLContext(seed: 3);
        var rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 256).Select(i => new SpotRow { Image = Spot(i) }));
        var options = TinyModel.Options with
        {
            Network = TinyModel.Options.Network with { BaseChannels = 16 },
            Training = new TrainingOptions { NumberOfSteps = 400, BatchSize = 32, LearningRate = 4e-3, WarmupSteps = 20, EmaDecay = 0.98 },
        };
        return mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows);
    }

    // A soft light spot on dark ground, its place and width decided by the number.
    private static MLImage Spot(int number)
    {
        var random = new Random(number);
        var (left, top, width) = (1 + (5 * random.NextDouble()), 1 + (5 * random.NextDouble()), 1 + random.NextDouble());
        return Pictures.Grey(
            (x, y) => (byte)(20 + (220 * Math.Exp(-(((x - left) * (x - left)) + ((y - top) * (y - top))) / (2 * width * width)))));
    }

    private sealed class SpotRow
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }
    }
}
