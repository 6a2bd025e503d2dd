using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>The model zip's config.json: everything about a model but its weights, in diffusers' vocabulary where it has a word.</summary>
internal sealed record ModelConfig
{
    /// <summary>The newest format that this code writes and reads.</summary>
    public const int CurrentFormatVersion = 3;

    // The names of classes, the lists of a schedule and of two samplers, and two for each tensor take up to 80,000.
    private const int MaximumValues = 100_000;
    private const int MaximumValuesOfRun = 10;

    private static readonly JsonSerializerOptions _json = new()
    {
        TypeInfoResolver = ModelJson.Default,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        MaxDepth = 16,
        AllowDuplicateProperties = false,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public required int FormatVersion { get; init; }

    public required string Library { get; init; }

    /// <summary>
    /// The <see cref="Runtime.RandomStreams.Version"/> that the model's seeds generate their images by; null in formats 1 and 2, whose seeds
    /// generated others.
    /// </summary>
    public int? StreamsVersion { get; init; }

    public required NetworkConfig Unet { get; init; }

    public required SchedulerConfig Scheduler { get; init; }

    public required SamplerConfig Sampler { get; init; }

    public required ColumnConfig Columns { get; init; }

    public TrainingSummary? Training { get; init; }

    public required IReadOnlyList<WeightFileConfig> Weights { get; init; }

    /// <summary>Writes config.json, and apart from it run.json: the one thing that two runs of the same seed do not have in common.</summary>
    public (byte[] Config, byte[]? Run) ToJson()
    {
        var config = JsonSerializer.SerializeToNode(this, _json)!.AsObject();
        if (config["training"] is not JsonObject training || training["seconds"] is not { } seconds)
        {
            return (JsonSerializer.SerializeToUtf8Bytes(config, _json), null);
        }

        training.Remove("seconds");
        return (
            JsonSerializer.SerializeToUtf8Bytes(config, _json),
            JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["seconds"] = seconds }, _json));
    }

    /// <summary>Reads config.json of any format up to this one, and run.json if the model has one.</summary>
    /// <exception cref="FormatException">The text is not such a configuration, or of a newer format.</exception>
    public static ModelConfig FromJson(ReadOnlySpan<byte> json, ReadOnlySpan<byte> run = default)
    {
        try
        {
            JsonSize.Check(json, MaximumValues);
            JsonSize.Check(run.IsEmpty ? "{}"u8 : run, MaximumValuesOfRun);
            CheckVersion(json);
            var node = JsonSerializer.Deserialize<JsonObject>(json, _json)!;
            if (node["training"] is JsonObject training && !training.ContainsKey("seconds")) // format 1 had it there
            {
                training["seconds"] = run.IsEmpty ? 0 : JsonSerializer.Deserialize<RunConfig>(run, _json)!.Seconds;
            }

            var config = node.Deserialize<ModelConfig>(_json)!;
            config.Check();
            return config;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NotSupportedException or ArgumentException)
        {
            throw new FormatException($"The model's config.json is damaged: {e.Message}", e);
        }
    }

    // What types do not say: JSON may put null into any list, and a name leads to an entry of the zip.
    private void Check()
    {
        if (Unet.ClassNames.Any(name => name is null)
            || Weights.Any(file => file is null || !WeightFiles.FileNames().IsMatch(file.File) || file.Bytes < 0))
        {
            throw new JsonException("a class has no name, or a file of weights has a name or a size (bytes) that none can have.");
        }

        if (Weights.DistinctBy(file => file.File).Count() != Weights.Count)
        {
            throw new JsonException("a file of weights is listed twice.");
        }

        if (Weights.Sum(file => file.Sha256.Count) > Limits.Tensors)
        {
            throw new JsonException($"weights must hold at most {Limits.Tensors} tensors.");
        }

        if (FormatVersion >= 3 ? StreamsVersion is null or < 1 : StreamsVersion is not null)
        {
            throw new JsonException("streams_version must be 1 or more from format_version 3 on, and was not there before.");
        }
    }

    // Read first and alone: a newer format may have changed everything else.
    private static void CheckVersion(ReadOnlySpan<byte> json)
    {
        var version = JsonSerializer.Deserialize<VersionOnly>(json, _json)?.FormatVersion ?? 0;
        if (version is < 1 or > CurrentFormatVersion)
        {
            throw new FormatException(
                $"The model has format version {version}, but this Microsoft.ML.Diffusion reads versions 1 to {CurrentFormatVersion}. Update the package to load it.");
        }
    }

    internal sealed record VersionOnly(int FormatVersion);

    internal sealed record RunConfig(double Seconds);
}

/// <summary>The network's shape, as in a UNet2DModel's config; older files lack what follows the class names.</summary>
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
    string[] ClassNames,
    int[]? BlockOutChannels = null,
    UNetBlock[]? DownBlocks = null,
    UNetBlock[]? UpBlocks = null,
    UNetMiddle MidBlock = UNetMiddle.Attention,
    double MidBlockScaleFactor = 1,
    int? AttnNormNumGroups = null,
    double NormEps = 1e-6,
    bool TimeScaleShift = false,
    int? TimeEmbeddingDim = null,
    bool FlipSinToCos = false,
    int FreqShift = 1,
    int DownsamplePadding = 0,
    bool CenterInputSample = false);

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

/// <summary>
/// The sampler that the model uses when it is not told otherwise. Older files lack what follows the seed, or what follows the previous timesteps: their
/// levels span the schedule.
/// </summary>
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
    double? KarrasRho = null,
    int[]? PreviousTimesteps = null,
    double SigmaMax = double.PositiveInfinity,
    double? SigmaMin = null,
    string? Inversion = null,
    double GuidanceRescale = 0,
    double GuidanceSigmaMin = 0,
    double GuidanceSigmaMax = double.PositiveInfinity,
    int SolverOrder = UniPcSampler.DefaultOrder);

/// <summary>The columns of the pipeline that the model was trained in; files from before other outputs lack all after the seed.</summary>
internal sealed record ColumnConfig(
    string Output,
    string Input,
    string? Label,
    string? Seed,
    float PixelOffset = 0,
    float PixelScale = 1,
    OutputColumnConfig? Others = null);

/// <summary>One file of weights, the digest of each tensor in it, and, from format 2, that of all its bytes.</summary>
internal sealed record WeightFileConfig(string File, long Bytes, SortedDictionary<string, string> Sha256, string? FileSha256 = null);
