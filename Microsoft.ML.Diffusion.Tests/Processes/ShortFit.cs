using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>
/// A small training with options drawn by a seed, and a drawing by its model: what a process of its own does, and either survives or does not.
/// </summary>
internal static class ShortFit
{
    /// <summary>Trains and draws, and prints the options and the last loss in a line.</summary>
    /// <returns>The exit code: 0 if the loss and every report of it are numbers.</returns>
    public static int Run(int seed)
    {
        var random = new Random(seed);
        var losses = new List<double>();
        var (options, side) = Draw(random, seed, losses);
        var mlContext = new MLContext(seed);
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, options.Channels!.Value, side, side);
        var pixels = options.Channels.Value * side * side;
        var rows =
            mlContext.Data.LoadFromEnumerable(
                Enumerable.Range(0, 6)
                    .Select(_ =>
                        new Row
                        {
                            Image = [.. Enumerable.Range(0, pixels).Select(_ => (float)random.Next(256))],
                            Label = (uint)random.Next(1, 3),
                        })
                    .ToList(),
                schema);

        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows);
        Array.ForEach(model.Generate(3), picture => picture.Dispose());

        losses.Add(model.Training!.FinalLoss);
        var isFine = losses.Count > 1 && losses.TrueForAll(double.IsFinite) && model.Training.SkippedSteps == 0;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{side}x{side}, batch {options.Training.BatchSize} in {options.Training.GradientAccumulationSteps}, dropout {options.Network.Dropout}, {options.Training.Precision}, {options.Network}: loss {losses[^1]:G4}"));
        return isFine ? 0 : 1;
    }

    private static (DiffusionOptions Options, int Side) Draw(Random random, int seed, List<double> losses)
    {
        var groups = Pick(random, 4, 8);
        var network = new UNetOptions
        {
            NumberOfNormalizationGroups = groups,
            BaseChannels = groups * Pick(random, 2, 3, 4, 5, 6, 10),
            ChannelMultipliers = Pick<int[]>(random, [1], [1, 2], [2, 1], [1, 1, 2]),
            NumberOfResidualBlocks = random.Next(1, 3),
            AttentionResolutions = Pick<int[]>(random, [], [8], [4, 8]),
            Dropout = Pick(random, 0, 0, 0.1, 0.5),
            PatchSize = random.Next(1, 3),
            ResampleWithConvolution = random.Next(4) > 0,
            Details = new UNetDetails { ScaleAndShift = random.Next(2) == 0 },
        };
        var batch = Pick(random, 1, 1, 2, 3, 4, 6);
        var training = new TrainingOptions
        {
            NumberOfSteps = 4,
            ReportEverySteps = 1,
            Progress = new Losses(losses),
            BatchSize = batch,
            GradientAccumulationSteps = batch % 2 == 0 ? Pick(random, 1, 2) : 1,
            LearningRate = 1e-4,
            Precision = random.Next(4) == 0 ? TrainingPrecision.BFloat16 : TrainingPrecision.Float32,
        };
        return (new DiffusionOptions
        {
            Network = network,
            Training = training,
            Channels = random.Next(2) == 0 ? 1 : 3,
            Variance = random.Next(4) == 0 ? ModelVariance.LearnedRange : ModelVariance.Fixed,
            LabelColumnName = random.Next(2) == 0 ? nameof(Row.Label) : null,
            Generation = new GenerationOptions { Sampler = new DdimSampler(2), Seed = seed },
            Device = training.Precision == TrainingPrecision.BFloat16 ? "torch" : "cpu",
        }, network.DownsamplingFactor * Pick(random, 2, 3, 4));
    }

    private static T Pick<T>(Random random, params T[] choices) => choices[random.Next(choices.Length)];

    private sealed class Losses(List<double> losses) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => losses.Add(value.Loss);
    }

    private sealed class Row
    {
        public float[] Image { get; set; } = [];

        [KeyType(2)]
        public uint Label { get; set; }
    }
}
