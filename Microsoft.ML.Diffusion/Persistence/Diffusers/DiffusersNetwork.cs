using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>The config.json of a UNet2DModel in the library's own terms. Every value is honoured or refused.</summary>
/// <param name="Options">The network's shape.</param>
/// <param name="InChannels">Channels of the images.</param>
/// <param name="OutChannels">Channels of the prediction.</param>
/// <param name="Size">The images' size in pixels; null where the file leaves it open.</param>
/// <param name="NumberOfClasses">0 for none.</param>
internal sealed record DiffusersNetwork(
    UNetOptions Options,
    int InChannels,
    int OutChannels,
    (int Height, int Width)? Size,
    int NumberOfClasses)
{
    public const string ClassName = "UNet2DModel";

    // The texts of diffusers' own defaults: what a missing key means.
    private static readonly string[] _downTypes = ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"];
    private static readonly ConfigKeys _keys = new(
        (nameof(UNetOptions.BaseChannels), "block_out_channels"),
        (nameof(UNetOptions.ChannelMultipliers), "block_out_channels"),
        (nameof(UNetDetails.LevelChannels), "block_out_channels"),
        (nameof(UNetOptions.NumberOfResidualBlocks), "layers_per_block"),
        (nameof(UNetOptions.AttentionHeadDimension), "attention_head_dim"),
        (nameof(UNetOptions.Dropout), "dropout"),
        (nameof(UNetOptions.NumberOfNormalizationGroups), "norm_num_groups"),
        (nameof(UNetDetails.MiddleScale), "mid_block_scale_factor"),
        (nameof(UNetDetails.MiddleAttentionGroups), "attn_norm_num_groups"),
        (nameof(UNetDetails.NormalizationEpsilon), "norm_eps"),
        (nameof(UNetDetails.TimestepFeatures), "time_embedding_dim"),
        (nameof(UNetDetails.FrequencyShift), "freq_shift"),
        (nameof(UNetDetails.DownsamplePadding), "downsample_padding"));

    private static readonly string[] _upTypes = ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"];

    /// <exception cref="NotSupportedException">A value asks for what the library has not.</exception>
    /// <exception cref="FormatException">A value is impossible.</exception>
    public static DiffusersNetwork Read(DiffusersConfig config)
    {
        CheckKind(config);
        var channels = config.Ints("block_out_channels", [224, 448, 672, 896]);
        var (down, up) = (Blocks(config, "down", channels.Length, _downTypes), Blocks(config, "up", channels.Length, _upTypes));
        if (channels.Length == 0 || channels[0] < 2)
        {
            throw config.Damage("block_out_channels must hold a number of at least 2 for each level.");
        }

        var scaleShift = Choice(config, "resnet_time_scale_shift", "default", "default", "scale_shift") == "scale_shift";
        var (middle, scale, groups) = Middle(config, scaleShift);
        var size = config.Size("sample_size");
        var options = new UNetOptions
        {
            BaseChannels = channels[0],
            ChannelMultipliers = channels.All(width => width % channels[0] == 0) ? [.. channels.Select(width => width / channels[0])] : [1],
            NumberOfResidualBlocks = config.Int("layers_per_block", 2),
            AttentionResolutions = [],
            AttentionHeadDimension = config.OptionalInt("attention_head_dim", 8),
            Dropout = config.Number("dropout", 0),
            NumberOfNormalizationGroups = config.OptionalInt("norm_num_groups", 32)
                ?? throw config.Refusal("norm_num_groups", null, "it must be a number"),
            Details = new UNetDetails
            {
                LevelChannels = channels.All(width => width % channels[0] == 0) ? null : channels,
                DownBlocks = down,
                UpBlocks = up,
                Middle = middle,
                MiddleScale = scale,
                MiddleAttentionGroups = groups,
                NormalizationEpsilon = config.Number("norm_eps", 1e-5),
                ScaleAndShift = scaleShift,
                TimestepFeatures = config.OptionalInt("time_embedding_dim", null) is { } features and not 0 ? features : null,
                CosinesFirst = config.Flag("flip_sin_to_cos", true),
                FrequencyShift = config.Int("freq_shift", 0),
                DownsamplePadding = config.Int("downsample_padding", 1),
                CenterInput = config.Flag("center_input_sample", false),
            },
        };
        var network = new DiffusersNetwork(options, config.Int("in_channels", 3), config.Int("out_channels", 3), size, Classes(config));
        config.Ignore("num_train_timesteps"); // read only by a learned time embedding
        config.RefuseRest();
        network.Validate(config);
        return network;
    }

    private void Validate(DiffusersConfig config)
    {
        try
        {
            Options.Validate();
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw config.Damage($"{_keys.In(e)}makes no network: {e.Message}", e);
        }

        try
        {
            if (Size is { } size)
            {
                Options.ValidateFor(size.Height, size.Width);
            }
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw config.Damage($"sample_size: makes no network: {e.Message}", e);
        }

        if (InChannels < 1 || OutChannels < 1)
        {
            throw config.Damage("in_channels and out_channels must be at least 1.");
        }
    }

    private static void CheckKind(DiffusersConfig config)
    {
        if (config.Text("_class_name", ClassName) is var name && name != ClassName)
        {
            throw config.Refusal("_class_name", name, $"only {ClassName} is");
        }

        if (config.Text("act_fn", "silu") is var activation && activation.ToLowerInvariant() is not ("silu" or "swish"))
        {
            throw config.Refusal("act_fn", activation, "only silu is");
        }

        Choice(config, "time_embedding_type", "positional", "positional");
    }

    private static (UNetMiddle Block, double Scale, int? Groups) Middle(DiffusersConfig config, bool scaleShift)
    {
        var type = config.OptionalText("mid_block_type", "UNetMidBlock2D");
        if (type is not (null or "UNetMidBlock2D"))
        {
            throw config.Refusal("mid_block_type", type, "only UNetMidBlock2D and null are");
        }

        var (attends, scale, groups) = (
            config.Flag("add_attention", true),
            config.Number("mid_block_scale_factor", 1),
            config.OptionalInt("attn_norm_num_groups", null));
        var block = type is null ? UNetMiddle.None : attends ? UNetMiddle.Attention : UNetMiddle.Residual;
        return (
            block,
            block == UNetMiddle.None ? 1 : scale,
            block != UNetMiddle.Attention ? null : groups ?? (scaleShift ? 0 : null)); // scale and shift leaves the normalization out
    }

    private static int Classes(DiffusersConfig config)
    {
        if (config.OptionalText("class_embed_type", null) is { } type)
        {
            throw config.Refusal("class_embed_type", type, "only null is, with num_class_embeds as the number of classes");
        }

        return config.OptionalInt("num_class_embeds", null) switch
        {
            null => 0,
            >= 1 and <= Limits.Classes and var classes => classes,
            < 1 and var none => throw config.Refusal("num_class_embeds", none, "a model has at least one class or null"),
            var many => throw config.Refusal("num_class_embeds", many, $"a model has at most {Limits.Classes} classes"),
        };
    }

    private static UNetBlock[] Blocks(DiffusersConfig config, string way, int levels, string[] missing)
    {
        var (key, resampling) = ($"{way}_block_types", Choice(config, $"{way}sample_type", "conv", "conv", "resnet"));
        var types = config.Texts(key, missing);
        return types.Length == levels
            ? Array.ConvertAll(
                types,
                type => Parse(type, way, resampling)
                    ?? throw config.Refusal(key, type, $"of a way {way} only {string.Join(", ", Names(way))} are"))
            : throw config.Damage($"{key} and block_out_channels must be of one length, but they are of {types.Length} and {levels}.");
    }

    private static UNetBlock? Parse(string type, string way, string resampling)
    {
        const string oldPrefix = "UNetRes";

        return Array.IndexOf(Names(way), type.StartsWith(oldPrefix, StringComparison.Ordinal) ? type[oldPrefix.Length..] : type) switch
        {
            0 => UNetBlock.Residual, // whose convolution does not depend on the sampling type
            1 => resampling == "conv" ? UNetBlock.Attention : UNetBlock.AttentionResidualResampling,
            2 => UNetBlock.ResidualResampling,
            _ => null,
        };
    }

    /// <summary>The names of residual, attending and resampling blocks.</summary>
    internal static string[] Names(string way) => way == "down"
        ? ["DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D"]
        : ["UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"];

    private static string Choice(DiffusersConfig config, string key, string missing, params string[] known) =>
        config.Text(key, missing) is var value && known.Contains(value)
            ? value
            : throw config.Refusal(key, value, $"only {string.Join(" and ", known)} {(known.Length > 1 ? "are" : "is")}");
}
