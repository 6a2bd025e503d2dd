using System.Text.RegularExpressions;

namespace Diffusion.Tool.Options;

/// <summary>What the library calls an option, and what is typed for it: messages of the library speak of its own names.</summary>
internal static partial class OptionWords
{
    private static readonly Dictionary<string, string> _options = new(StringComparer.Ordinal)
    {
        [nameof(UNetOptions.BaseChannels)] = "--channels",
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
        [nameof(TrainingOptions.CheckpointDirectory)] = "--checkpoint",
        [nameof(TrainingOptions.CheckpointEverySteps)] = "--checkpoint-every",
        [$"{nameof(TrainingOptions.Validation)}.{nameof(ValidationOptions.Patience)}"] = "--patience",
        [nameof(DiffusionOptions.LabelColumnName)] = "--labels-from-folders",
        [nameof(DiffusionOptions.Device)] = "--device",
        [nameof(ImageFolderOptions.Width)] = "--size",
        [nameof(ImageFolderOptions.Height)] = "--size",
        [nameof(GenerationOptions.GuidanceScale)] = "--guidance",
        [nameof(InterpolationOptions.Depth)] = "--depth",
    };

    // Parameters of methods: words of any text, so they are replaced only in messages about them.
    private static readonly Dictionary<string, string> _parameters = new(StringComparer.Ordinal)
    {
        ["steps"] = "--steps",
        ["eta"] = "--eta",
        ["count"] = "--count",
        ["classNames"] = "--label",
        ["previousModel"] = "--from",
    };

    /// <summary>Gets the options that messages of the library can be about.</summary>
    public static IEnumerable<string> All => _options.Values.Concat(_parameters.Values).Distinct();

    /// <summary>Puts what is typed in the place of the library's names; what is quoted, and paths, stay as they are.</summary>
    public static string Replace(string message) => Names().Replace(message, match => _options.GetValueOrDefault(match.Value, match.Value))
        .Replace("leave it null", "leave it out", StringComparison.Ordinal)
        .Replace("must be null", "must be left out", StringComparison.Ordinal);

    /// <summary>Says what an exception says of an option, as it was typed; <see langword="null"/> if it is about something else.</summary>
    public static string? Find(ArgumentException exception)
    {
        if (exception.ParamName is not { } name
            || (_options.GetValueOrDefault(name) ?? _parameters.GetValueOrDefault(name)) is not { } option)
        {
            return null;
        }

        var text = exception.Message.Split(" (Parameter '")[0]; // the runtime appends the name and the value
        var message = Replace(Regex.Replace(text, $@"^{Regex.Escape(name)}\b", option));
        message = message.StartsWith(option, StringComparison.Ordinal) ? message : $"{option}: {message}";
        return exception is ArgumentOutOfRangeException { ActualValue: { } value }
            ? FormattableString.Invariant($"{message} Given: {value}")
            : message;
    }

    [GeneratedRegex(@"(?<!\w)'[^'\n]*'(?!\w)|(?<![\w/\\.'-])[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+)?(?![\w/\\'-]|\.\w)", RegexOptions.CultureInvariant)]
    private static partial Regex Names();
}
