using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.Diffusion.Persistence;

/// <summary>The model zip's config.json: everything about a model but its weights, in diffusers' vocabulary where it has a word.</summary>
internal sealed record ModelConfig
{
    /// <summary>The newest format that this code writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    private static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        MaxDepth = 16,
    };

    public required int FormatVersion { get; init; }

    public required string Library { get; init; }

    public required NetworkConfig Unet { get; init; }

    public required SchedulerConfig Scheduler { get; init; }

    public required SamplerConfig Sampler { get; init; }

    public required ColumnConfig Columns { get; init; }

    public TrainingSummary? Training { get; init; }

    public required IReadOnlyList<WeightFileConfig> Weights { get; init; }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, _json);

    /// <exception cref="FormatException">The text is not such a configuration, or of a newer format.</exception>
    public static ModelConfig FromJson(ReadOnlySpan<byte> json)
    {
        CheckVersion(json);
        try
        {
            return JsonSerializer.Deserialize<ModelConfig>(json, _json) ?? throw new FormatException("The model's config.json is empty.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The model's config.json is damaged: {e.Message}", e);
        }
    }

    // Read first and alone: a newer format may have changed everything else.
    private static void CheckVersion(ReadOnlySpan<byte> json)
    {
        int version;
        try
        {
            version = JsonSerializer.Deserialize<VersionOnly>(json, _json)?.FormatVersion ?? 0;
        }
        catch (JsonException e)
        {
            throw new FormatException($"The model's config.json is damaged: {e.Message}", e);
        }

        if (version is < 1 or > CurrentFormatVersion)
        {
            throw new FormatException($"The model has format version {version}, but this Microsoft.ML.Diffusion reads versions 1 to {CurrentFormatVersion}. Update the package to load it.");
        }
    }

    private sealed record VersionOnly(int FormatVersion);
}

/// <summary>The network's shape, as in a UNet2DModel's config.</summary>
internal sealed record NetworkConfig(
    int[] SampleSize,
    int InChannels,
    int BaseChannels,
    int[] ChannelMultipliers,
    int LayersPerBlock,
    int[] AttentionResolutions,
    int? AttentionHeadDim,
    double Dropout,
    int NormNumGroups,
    int PatchSize,
    bool ResampWithConv,
    string[] ClassNames);

/// <summary>The noise schedule and what is predicted of it; files from before learned variances lack the variance type.</summary>
internal sealed record SchedulerConfig(
    int NumTrainTimesteps,
    string BetaSchedule,
    double BetaStart,
    double BetaEnd,
    double MaxBeta,
    bool RescaleBetasZeroSnr,
    double[]? TrainedBetas,
    string PredictionType,
    string VarianceType = "fixed");

/// <summary>The sampler that the model uses when it is not told otherwise.</summary>
internal sealed record SamplerConfig(
    string Name,
    string TimestepSpacing,
    int NumInferenceSteps,
    int[]? Timesteps,
    double Eta,
    bool SigmaHat,
    string VarianceType,
    string Clipping,
    double ClipSampleRange,
    double DynamicThresholdingRatio,
    bool UseClippedModelOutput,
    double GuidanceScale,
    int? BatchSize,
    long? Seed,
    double? KarrasRho = null);

/// <summary>The columns of the pipeline that the model was trained in; files from before other outputs lack all after the seed.</summary>
internal sealed record ColumnConfig(
    string Output,
    string Input,
    string? Label,
    string? Seed,
    float PixelOffset = 0,
    float PixelScale = 1,
    OutputColumnConfig? Others = null);

/// <summary>One file of weights, and the digest of each tensor in it.</summary>
internal sealed record WeightFileConfig(string File, long Bytes, SortedDictionary<string, string> Sha256);
