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
    private static readonly ConfigKeys _keys = new(
        (nameof(UNetOptions.BaseChannels), "base_channels"),
        (nameof(UNetOptions.ChannelMultipliers), "channel_multipliers"),
        (nameof(UNetOptions.NumberOfResidualBlocks), "layers_per_block"),
        (nameof(UNetOptions.AttentionResolutions), "attention_resolutions"),
        (nameof(UNetOptions.AttentionHeadDimension), "attention_head_dim"),
        (nameof(UNetOptions.Dropout), "dropout"),
        (nameof(UNetOptions.NumberOfNormalizationGroups), "norm_num_groups"),
        (nameof(UNetOptions.PatchSize), "patch_size"),
        (nameof(UNetDetails.LevelChannels), "block_out_channels"),
        (nameof(UNetDetails.DownBlocks), "down_blocks"),
        (nameof(UNetDetails.UpBlocks), "up_blocks"),
        (nameof(UNetDetails.Middle), "mid_block"),
        (nameof(UNetDetails.MiddleScale), "mid_block_scale_factor"),
        (nameof(UNetDetails.MiddleAttentionGroups), "attn_norm_num_groups"),
        (nameof(UNetDetails.NormalizationEpsilon), "norm_eps"),
        (nameof(UNetDetails.TimestepFeatures), "time_embedding_dim"),
        (nameof(UNetDetails.FrequencyShift), "freq_shift"),
        (nameof(UNetDetails.DownsamplePadding), "downsample_padding"),
        ("betas", "trained_betas"),
        ("betaStart", "beta_start"),
        ("betaEnd", "beta_end"),
        ("maximumBeta", "max_beta"),
        ("steps", "num_inference_steps"),
        ("steps", "num_train_timesteps"), // a run has no more steps
        ("timesteps", "timesteps"),
        ("timesteps", "num_train_timesteps"),
        ("pairs", "previous_timesteps"),
        ("rho", "karras_rho"),
        ("sigmaMax", "sigma_max"),
        ("sigmaMin", "sigma_min"),
        ("eta", "eta"),
        ("range", "clip_sample_range"),
        ("maximum", "clip_sample_range"),
        ("ratio", "dynamic_thresholding_ratio"),
        (nameof(GenerationOptions.GuidanceScale), "guidance_scale"),
        (nameof(GenerationOptions.GuidanceRescale), "guidance_rescale"),
        (nameof(GenerationOptions.GuidanceSigmaMin), "guidance_sigma_min"),
        (nameof(GenerationOptions.GuidanceSigmaMax), "guidance_sigma_max"),
        (nameof(GenerationOptions.BatchSize), "batch_size"),
        (nameof(OutputColumnOptions.LatentTimestep), "latent_timestep"),
        (nameof(OutputColumnOptions.NumberOfLikelihoodTimesteps), "number_of_likelihood_timesteps"),
        (nameof(OutputColumnOptions.EncodingSampler), "encoding_sampler"));

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
        if (unet.SampleSize.Length != 2
            || unet.SampleSize.Any(side => side is < 1 or > Limits.ImageSide)
            || unet.InChannels is not (1 or 3))
        {
            throw new FormatException(
                $"sample_size must hold a height and a width of at most {Limits.ImageSide}, and in_channels must be 1 or 3.");
        }

        if (config.Scheduler.NumTrainTimesteps is < 1 or > Limits.Timesteps)
        {
            throw new FormatException($"num_train_timesteps must be from 1 to {Limits.Timesteps}.");
        }

        if ((config.Scheduler.TrainedBetas is not null) != (config.Scheduler.BetaSchedule == NoiseScheduleKind.TrainedBetasName)
            || (config.Scheduler.TrainedBetas is { } own && own.Length != config.Scheduler.NumTrainTimesteps))
        {
            throw new FormatException(
                $"trained_betas must hold num_train_timesteps values if beta_schedule is {NoiseScheduleKind.TrainedBetasName}, and be null otherwise.");
        }

        Limits.CheckClassNames(unet.ClassNames, "class_names");

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
        CheckSides(unet, network);
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

    private static void CheckSides(NetworkConfig unet, UNetOptions network)
    {
        try
        {
            network.ValidateFor(unet.SampleSize[0], unet.SampleSize[1]);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new FormatException($"sample_size: {e.Message}", e);
        }
    }

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
            throw new FormatException($"The model's config.json is damaged: {_keys.In(e)}{e.Message}", e);
        }
    }
}
