namespace Diffusion.Tool.Options;

/// <summary>What is typed for an option that the library speaks of.</summary>
internal static class TypedNames
{
    private static readonly Dictionary<string, string> _options = new(StringComparer.Ordinal)
    {
        [nameof(UNetOptions.BaseChannels)] = "--channels",
        [$"{nameof(DiffusionOptions.Network)}.{nameof(UNetOptions.BaseChannels)}"] = "--channels",
        [nameof(UNetOptions.ChannelMultipliers)] = "--multipliers",
        [nameof(UNetOptions.NumberOfResidualBlocks)] = "--blocks",
        [nameof(UNetOptions.AttentionResolutions)] = "--attention",
        [nameof(UNetOptions.PatchSize)] = "--patch",
        [nameof(UNetOptions.Dropout)] = "--dropout",
        [nameof(TrainingOptions.NumberOfSteps)] = "--steps",
        [nameof(TrainingOptions.NumberOfEpochs)] = "--epochs",
        [nameof(TrainingOptions.Duration)] = "--time",
        [nameof(TrainingOptions.BatchSize)] = "--batch",
        [nameof(TrainingOptions.GradientAccumulationSteps)] = "--accumulate",
        [nameof(TrainingOptions.LearningRate)] = "--learning-rate",
        [nameof(TrainingOptions.WarmupSteps)] = "--warmup",
        [nameof(TrainingOptions.EmaDecay)] = "--ema",
        [nameof(TrainingOptions.LabelDropout)] = "--label-dropout",
        [nameof(TrainingOptions.FlipHorizontally)] = "--flip",
        [nameof(TrainingOptions.Augmentation)] = "--augment",
        [nameof(TrainingOptions.CheckpointDirectory)] = "--checkpoint",
        [nameof(TrainingOptions.CheckpointEverySteps)] = "--checkpoint-every",
        [$"{nameof(TrainingOptions.Validation)}.{nameof(ValidationOptions.Patience)}"] = "--patience",
        [$"{nameof(TrainingOptions.Validation)}.{nameof(ValidationOptions.Share)}"] = "--validation",
        [$"{nameof(TrainingOptions.Validation)}.{nameof(ValidationOptions.KeepBest)}"] = "--keep-best",
        [nameof(DiffusionOptions.LabelColumnName)] = "--labels-from-folders",
        [nameof(DiffusionOptions.Device)] = "--device",
        [nameof(ImageFolderOptions.Width)] = "--size",
        [nameof(ImageFolderOptions.Height)] = "--size",
        ["Width and Height"] = "--size",
        [nameof(ImageFolderOptions.Background)] = "--background",
        [nameof(ImageFolderOptions.PixelRange)] = "--pixel-range",
        [nameof(ImageFolderOptions.LabelField)] = "--labels-from",
        [nameof(ImageFolderOptions.MaximumPixels)] = "--maximum-pixels",
        [nameof(ImageFolderOptions.MaximumFileBytes)] = "--maximum-file-bytes",
        [nameof(GenerationOptions.GuidanceScale)] = "--guidance",
        [nameof(GenerationOptions.FirstImage)] = "--first",
        [nameof(InterpolationOptions.Depth)] = "--depth",
        ["MLContext.TempFilePath"] = "--output", // which is the folder for temporary files here
        ["Seed"] = "--seed",
        ["steps"] = "--steps", // these are parameters
        ["eta"] = "--eta",
        ["count"] = "--count",
        ["classNames"] = "--label",
        ["className"] = "--label",
        ["previousModel"] = "--from",
    };

    /// <summary>What is typed for an option of the library; <see langword="null"/> if nothing is.</summary>
    public static string? Of(string option) => _options.GetValueOrDefault(option);

    /// <summary>Says what an exception says, of options as they were typed.</summary>
    public static string Message(Exception exception) => OptionMessages.Format(exception, Of);

    /// <summary>Says what an exception says of an option that was typed, which comes first; <see langword="null"/> if it is about something else.</summary>
    public static string? MessageOfOption(ArgumentException exception)
    {
        if (exception.ParamName is not { } name || Of(name) is not { } option)
        {
            return null;
        }

        var message = Message(exception);
        message = message.StartsWith($"{option} ", StringComparison.Ordinal) ? message : $"{option}: {message}";
        return exception is ArgumentOutOfRangeException { ActualValue: { } value }
            ? FormattableString.Invariant($"{message} Given: {value}")
            : message;
    }
}
