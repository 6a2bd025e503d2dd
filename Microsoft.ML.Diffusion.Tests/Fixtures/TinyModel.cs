namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Options of a model that trains in a second.</summary>
internal static class TinyModel
{
    public static DiffusionOptions Options { get; } = new()
    {
        Network = new UNetOptions
        {
            BaseChannels = 8,
            ChannelMultipliers = [1, 2],
            NumberOfResidualBlocks = 1,
            AttentionResolutions = [4],
            NumberOfNormalizationGroups = 4,
            Dropout = 0,
        },
        Training = new TrainingOptions { NumberOfSteps = 10, BatchSize = 8, LearningRate = 2e-3, WarmupSteps = 2 },
        Generation = new GenerationOptions { Sampler = new DdimSampler(4), BatchSize = 4, Seed = 5 },
        Seed = 1,
        Device = "cpu",
    };

    public static DiffusionOptions Labelled { get; } = Options with { LabelColumnName = "Label" };

    public static DiffusionOptions On(string device) => Options with { Device = device };

    public static DiffusionOptions LabelledOn(string device) => Labelled with { Device = device };

    /// <summary>Trains on <see cref="Pictures.Rows"/>.</summary>
    public static DiffusionTransformer Train(DiffusionOptions? options = null, MLContext? mlContext = null)
    {
        mlContext ??= new MLContext(seed: 3);
        return mlContext.Transforms.DiffusionTrainer("Generated", "Image", options ?? Options).Fit(Pictures.Rows(mlContext));
    }
}
