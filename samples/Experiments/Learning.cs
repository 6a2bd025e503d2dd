using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>The trainings that experiments compare: the same garments, network and number of steps, so that only what is asked about differs.</summary>
internal static class Learning
{
    /// <summary>Trains a model on the 10,000 garments.</summary>
    /// <param name="run">The run.</param>
    /// <param name="options">What is asked about: schedule, prediction, variance, loss.</param>
    /// <param name="steps">Optimizer steps, of 32 images each.</param>
    /// <param name="seed">The seed of weights, batches and noise.</param>
    public static DiffusionTransformer Train(ExperimentRun run, DiffusionOptions options, int steps, int seed)
    {
        var whole =
            options with
            {
                LabelColumnName = "Label",
                Network = Network(run),
                Seed = seed,
                Training = options.Training with
                {
                    NumberOfSteps = steps,
                    BatchSize = run.Pick(4, 32, 32),
                    LearningRate = 2e-3,
                    LearningRateSchedule = LearningRateSchedule.Cosine,
                    WarmupSteps = 50,
                    EmaDecay = 0.99,
                    LabelDropout = 0.1,
                    CancellationToken = run.CancellationToken,
                },
            };
        var rows = run.Context.Data.LoadFromEnumerable(FashionMnist.Read().Take(run.Pick(200, 10_000, 10_000)));
        return run.Context.Transforms.Conversion.MapValueToKey("Label")
            .Append(run.Context.Transforms.DiffusionTrainer("Generated", "Image", whole))
            .Fit(rows)
            .LastTransformer;
    }

    // Half as wide as that of models/garments.zip: it learns more than twice as many images in the time.
    private static UNetOptions Network(ExperimentRun run) => new()
    {
        BaseChannels = run.Pick(8, 16, 16),
        ChannelMultipliers = run.Pick<int[]>([1, 2], [1, 2, 2], [1, 2, 2]),
        NumberOfResidualBlocks = 1,
        NumberOfNormalizationGroups = 8,
        AttentionResolutions = [],
    };
}
