using System.Globalization;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>The records of config.json to and from the library's own types.</summary>
internal static class ModelConfigMapping
{
    private const int MaximumSide = 1 << 16;
    private const int MaximumTimesteps = 1_000_000;

    public static NetworkConfig ToConfig(ModelDescription model) => new(
        [model.Shape.Height, model.Shape.Width],
        model.Shape.Channels,
        model.Network.BaseChannels,
        [.. model.Network.ChannelMultipliers],
        model.Network.NumberOfResidualBlocks,
        [.. model.Network.AttentionResolutions],
        model.Network.AttentionHeadDimension,
        model.Network.Dropout,
        model.Network.NumberOfNormalizationGroups,
        model.Network.PatchSize,
        model.Network.ResampleWithConvolution,
        [.. model.ClassNames],
        model.Network.Details.LevelChannels?.ToArray(),
        model.Network.Details.DownBlocks?.ToArray(),
        model.Network.Details.UpBlocks?.ToArray(),
        model.Network.Details.Middle,
        model.Network.Details.MiddleScale,
        model.Network.Details.MiddleAttentionGroups,
        model.Network.Details.NormalizationEpsilon,
        model.Network.Details.ScaleAndShift,
        model.Network.Details.TimestepFeatures,
        model.Network.Details.CosinesFirst,
        model.Network.Details.FrequencyShift,
        model.Network.Details.DownsamplePadding,
        model.Network.Details.CenterInput);

    public static SchedulerConfig ToSchedulerConfig(ModelDescription model) => new(
        model.Schedule.NumberOfTrainingTimesteps,
        model.Schedule.Kind.Name,
        model.Schedule.Kind.BetaStart,
        model.Schedule.Kind.BetaEnd,
        model.Schedule.Kind.MaximumBeta,
        model.Schedule.Kind.ZeroTerminalSnr,
        model.Schedule.Kind.TrainedBetas?.ToArray(),
        FileNames.Predictions[model.Prediction],
        FileNames.ModelVariances[model.Variance]);

    /// <exception cref="FormatException">A value is impossible.</exception>
    public static ModelDescription ToDescription(ModelConfig config) => Decode(() =>
    {
        var unet = config.Unet;
        if (unet.SampleSize.Length != 2 || unet.SampleSize.Any(side => side > MaximumSide) || unet.InChannels < 1)
        {
            throw new FormatException(
                $"sample_size must hold a height and a width of at most {MaximumSide}, and in_channels must be at least 1.");
        }

        if (config.Scheduler.NumTrainTimesteps > MaximumTimesteps)
        {
            throw new FormatException($"num_train_timesteps must be at most {MaximumTimesteps}.");
        }

        var network = new UNetOptions
        {
            BaseChannels = unet.BaseChannels,
            ChannelMultipliers = unet.ChannelMultipliers,
            NumberOfResidualBlocks = unet.LayersPerBlock,
            AttentionResolutions = unet.AttentionResolutions,
            AttentionHeadDimension = unet.AttentionHeadDim,
            Dropout = unet.Dropout,
            NumberOfNormalizationGroups = unet.NormNumGroups,
            PatchSize = unet.PatchSize,
            ResampleWithConvolution = unet.ResampWithConv,
            Details = new UNetDetails
            {
                LevelChannels = unet.BlockOutChannels,
                DownBlocks = unet.DownBlocks,
                UpBlocks = unet.UpBlocks,
                Middle = unet.MidBlock,
                MiddleScale = unet.MidBlockScaleFactor,
                MiddleAttentionGroups = unet.AttnNormNumGroups,
                NormalizationEpsilon = unet.NormEps,
                ScaleAndShift = unet.TimeScaleShift,
                TimestepFeatures = unet.TimeEmbeddingDim,
                CosinesFirst = unet.FlipSinToCos,
                FrequencyShift = unet.FreqShift,
                DownsamplePadding = unet.DownsamplePadding,
                CenterInput = unet.CenterInputSample,
            },
        };
        network.Validate();
        network.ValidateFor(unet.SampleSize[0], unet.SampleSize[1]);
        CheckSize(config, network);

        var scheduler = config.Scheduler;
        var schedule = new NoiseScheduleKind(
            scheduler.BetaSchedule,
            scheduler.NumTrainTimesteps,
            scheduler.BetaStart,
            scheduler.BetaEnd,
            scheduler.MaxBeta)
        {
            ZeroTerminalSnr = scheduler.RescaleBetasZeroSnr,
            TrainedBetas = EquatableList.Of(scheduler.TrainedBetas),
        }.Create();
        var prediction =
            FileNames.Predictions.Find(scheduler.PredictionType)
                ?? throw new FormatException($"the prediction type '{scheduler.PredictionType}' is not known.");
        var variance =
            FileNames.ModelVariances.Find(scheduler.VarianceType)
                ?? throw new FormatException($"the variance type '{scheduler.VarianceType}' is not known.");

        return new ModelDescription(
            new ImageShape(unet.InChannels, unet.SampleSize[0], unet.SampleSize[1]),
            network,
            schedule,
            prediction,
            variance,
            unet.ClassNames);
    });

    // Before a network takes memory: fewer weights than it must have cannot fill it.
    private static void CheckSize(ModelConfig config, UNetOptions network)
    {
        var weights = UNetSize.AtLeast(network, config.Unet.InChannels, config.Unet.InChannels, config.Unet.ClassNames.Length);
        var bytes = config.Weights.Sum(file => (double)file.Bytes);
        if (weights * sizeof(float) > bytes)
        {
            throw new FormatException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"a network of this shape has at least {weights:F0} weights, more than {bytes:F0} bytes hold."));
        }
    }

    /// <summary>Reads a part of a file: whatever an option refuses is damage there.</summary>
    internal static T Decode<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or OverflowException)
        {
            throw new FormatException($"The model's config.json is damaged: {e.Message}", e);
        }
    }
}
