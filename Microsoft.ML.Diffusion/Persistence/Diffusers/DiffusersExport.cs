using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>Writes a model as the folder of a diffusers pipeline, if diffusers can express it.</summary>
internal static class DiffusersExport
{
    private static readonly JsonSerializerOptions _json =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Save(DiffusionModel model, Sampler sampler, string folder)
    {
        var description = model.Description;
        var scheduler = DiffusersSchedulerExport.ToConfig(description, sampler);
        var network = ToConfig(description);
        var isImplicit = sampler is DdimSampler;
        var index = new SortedDictionary<string, object?>(StringComparer.Ordinal)
        {
            ["_class_name"] = isImplicit ? "DDIMPipeline" : "DDPMPipeline",
            ["_diffusers_version"] = "0.40.0",
            ["scheduler"] = new[] { "diffusers", isImplicit ? DiffusersScheduler.DdimName : DiffusersScheduler.DdpmName },
            ["unet"] = new[] { "diffusers", DiffusersNetwork.ClassName },
        };

        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
        {
            throw new ArgumentException(
                $"folder must not exist or be empty, because files of two models would mix, but {folder} holds something. Delete it or choose another.",
                nameof(folder));
        }

        var weights = model.Weights();
        var temporary = $"{folder}.{Guid.NewGuid():N}.tmp";
        try
        {
            Write(Path.Combine(temporary, "unet", DiffusersFolder.ConfigFile), stream => JsonSerializer.Serialize(stream, network, _json));
            Write(Path.Combine(temporary, "unet", DiffusersWeights.FileName), stream => DiffusersWeights.Write(weights, stream));
            Write(
                Path.Combine(temporary, "scheduler", DiffusersFolder.SchedulerFile),
                stream => JsonSerializer.Serialize(stream, scheduler, _json));
            Write(Path.Combine(temporary, DiffusersFolder.IndexFile), stream => JsonSerializer.Serialize(stream, index, _json));
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder); // empty
            }

            Directory.Move(temporary, folder);
        }
        catch
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }

            throw;
        }
    }

    /// <summary>The config.json of the network.</summary>
    /// <exception cref="NotSupportedException">diffusers' UNet2DModel cannot be of this shape.</exception>
    public static SortedDictionary<string, object?> ToConfig(ModelDescription model)
    {
        var network = model.Network;
        Require(network.PatchSize == 1, nameof(UNetOptions.PatchSize), network.PatchSize, "folds no patches");
        Require(
            network.ResampleWithConvolution,
            nameof(UNetOptions.ResampleWithConvolution),
            network.ResampleWithConvolution,
            "always convolves where the resolution changes");
        Require(
            network.ChannelsOf(0) == network.BaseChannels,
            network.Details.LevelChannels is null ? nameof(UNetOptions.ChannelMultipliers) : nameof(UNetDetails.LevelChannels),
            network.ChannelsOf(0),
            "has BaseChannels channels on its first level");

        var (down, up) = network.BlocksFor(Math.Max(model.Shape.Height, model.Shape.Width));
        var config = new SortedDictionary<string, object?>(StringComparer.Ordinal)
        {
            ["_class_name"] = DiffusersNetwork.ClassName,
            ["_diffusers_version"] = "0.40.0",
            ["act_fn"] = "silu",
            ["add_attention"] = network.Details.Middle == UNetMiddle.Attention,
            ["attention_head_dim"] = network.AttentionHeadDimension,
            ["attn_norm_num_groups"] = MiddleGroups(network),
            ["block_out_channels"] = Enumerable.Range(0, network.NumberOfLevels).Select(network.ChannelsOf),
            ["center_input_sample"] = network.Details.CenterInput,
            ["class_embed_type"] = null,
            ["down_block_types"] = Types(down, "down"),
            ["downsample_padding"] = network.Details.DownsamplePadding,
            ["downsample_type"] = SamplingType(down, nameof(UNetDetails.DownBlocks)),
            ["dropout"] = network.Dropout,
            ["flip_sin_to_cos"] = network.Details.CosinesFirst,
            ["freq_shift"] = network.Details.FrequencyShift,
            ["in_channels"] = model.Shape.Channels,
            ["layers_per_block"] = network.NumberOfResidualBlocks,
            ["mid_block_scale_factor"] = network.Details.MiddleScale,
            ["mid_block_type"] = network.Details.Middle == UNetMiddle.None ? null : "UNetMidBlock2D",
            ["norm_eps"] = network.Details.NormalizationEpsilon,
            ["norm_num_groups"] = network.NumberOfNormalizationGroups,
            ["num_class_embeds"] = model.NumberOfClasses > 0 ? model.NumberOfClasses : null,
            ["num_train_timesteps"] = null,
            ["out_channels"] = model.OutputChannels,
            ["resnet_time_scale_shift"] = network.Details.ScaleAndShift ? "scale_shift" : "default",
            ["sample_size"] = model.Shape.Height == model.Shape.Width ? model.Shape.Width : new[] { model.Shape.Height, model.Shape.Width },
            ["time_embedding_dim"] = network.Details.TimestepFeatures,
            ["time_embedding_type"] = "positional",
            ["up_block_types"] = Types(up, "up"),
            ["upsample_type"] = SamplingType(up, nameof(UNetDetails.UpBlocks)),
        };
        if (model.NumberOfClasses > 0)
        {
            config[DiffusersImport.ClassNamesNote] = model.ClassNames;
        }

        return config;
    }

    // diffusers normalizes before the middle's attention unless the timestep scales and shifts and no number is given.
    private static int? MiddleGroups(UNetOptions network)
    {
        Require(
            network.Details.Middle != UNetMiddle.Attention || network.Details.MiddleAttentionGroups != 0 || network.Details.ScaleAndShift,
            nameof(UNetDetails.MiddleAttentionGroups),
            0,
            "leaves that normalization out with ScaleAndShift only");
        return network.Details.MiddleAttentionGroups switch
        {
            0 => null,
            null when network.Details.ScaleAndShift => network.NumberOfNormalizationGroups,
            var groups => groups,
        };
    }

    private static string[] Types(UNetBlock[] blocks, string way) =>
        Array.ConvertAll(blocks, block => DiffusersNetwork.Names(way)[block switch
        {
            UNetBlock.Residual => 0,
            UNetBlock.ResidualResampling => 2,
            _ => 1,
        }]);

    // One for all levels with attention, but for the last of a way, which changes no resolution.
    private static string SamplingType(UNetBlock[] blocks, string option)
    {
        var attending = blocks[..^1].Where(block => block.HasAttention).Distinct().ToList();
        Require(
            attending.Count <= 1,
            option,
            string.Join(", ", blocks),
            "changes the resolution in the same way on all levels with attention");
        return attending is [UNetBlock.AttentionResidualResampling] ? "resnet" : "conv";
    }

    internal static void Require(bool holds, string option, object? value, string what)
    {
        if (!holds)
        {
            throw new NotSupportedException(
                $"{option} = {Convert.ToString(value, CultureInfo.InvariantCulture)} cannot be saved for diffusers, because {DiffusersNetwork.ClassName} {what}.");
        }
    }

    private static void Write(string path, Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        write(stream);
        stream.Flush(flushToDisk: true);
    }
}
