using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>The entries of a model inside ML.NET's zip: its header, config.json, and the weights as .safetensors.</summary>
/// <remarks>The only place, with the catalog and the schema glue, that uses what ML.NET keeps internal.</remarks>
internal static class ModelZip
{
    public const string LoaderSignature = "DiffusionTransformer";

    internal const string ConfigEntry = "config.json";

    /// <summary>What differs between two runs that make the same model: how long they took.</summary>
    internal const string RunEntry = "run.json";

    internal const int MaximumConfigBytes = 3 << 20;

    internal const int MaximumRunBytes = 1 << 12;

    public static void Save(ModelSaveContext context, TrainedModel trained)
    {
        var description = trained.Model.Description;
        context.CheckAtModel();
        context.SetVersionInfo(Version());

        var weights = WeightFiles.Pack(trained.Model.Weights());
        var config = new ModelConfig
        {
            FormatVersion = ModelConfig.CurrentFormatVersion,
            Library = $"Microsoft.ML.Diffusion {typeof(ModelZip).Assembly.GetName().Version?.ToString(3)}",
            StreamsVersion = RandomStreams.Version,
            Unet = ModelConfigMapping.ToConfig(description),
            Scheduler = ModelConfigMapping.ToSchedulerConfig(description),
            Sampler = SamplerConfigMapping.ToConfig(trained.Generation),
            Columns = ColumnConfigMapping.ToConfig(trained.Columns),
            Training = trained.Training,
            Weights = [.. weights.Select(file => file.Description)],
        };

        var (json, run) = config.ToJson();
        if (json.Length > MaximumConfigBytes)
        {
            throw new InvalidOperationException(
                $"The model's {ConfigEntry} would have {json.Length} bytes, and is read up to {MaximumConfigBytes} only.");
        }

        context.SaveBinaryStream(ConfigEntry, writer => writer.Write(json));
        if (run is not null)
        {
            context.SaveBinaryStream(RunEntry, writer => writer.Write(run));
        }

        foreach (var (file, content) in weights)
        {
            context.SaveBinaryStream(file.File, writer =>
            {
                writer.BaseStream.SetLength(content.Length); // so that a stream in memory does not grow by doubling
                writer.Write(content);
            });
        }
    }

    /// <summary>Loads a model, to the best device, and tells the log where its seeds generate other images now.</summary>
    /// <exception cref="FormatException">An entry is missing, damaged, or of a newer format.</exception>
    public static TrainedModel Load(IHostEnvironment environment, ModelLoadContext context)
    {
        var device = DeviceChoice.Resolve(environment, null); // before anything of TorchSharp
        context.CheckAtModel(Version());
        var json = ReadEntry(context, ConfigEntry, null);
        var config = ModelConfig.FromJson(json, TryReadEntry(context, RunEntry, null));
        var description = ModelConfigMapping.ToDescription(config);
        foreach (var file in config.Weights)
        {
            CheckLength(context, file); // all of them, before a network of the size that they promise takes memory
        }

        StreamsNotice.Tell(environment, config.StreamsVersion);
        var columns = ColumnConfigMapping.ToColumns(config.Columns, description, config.Sampler);
        var generation = SamplerConfigMapping.ToOptions(config.Sampler, description);
        var weights = LoadWeights(context, config, description);
        var model = new DiffusionModel(description, NetworkEngine.Create(weights.Plan, weights, device));
        return new TrainedModel(model, columns, generation, config.Training, Convert.ToHexStringLower(SHA256.HashData(json)));
    }

    private static NetworkWeights LoadWeights(ModelLoadContext context, ModelConfig config, ModelDescription description)
    {
        var weights = new NetworkWeights(description.CreatePlan());
        var remaining = weights.Plan.Weights.ToDictionary(weight => weight.Name);
        foreach (var file in config.Weights)
        {
            WeightFiles.Unpack(file, ReadEntry(context, file.File, file.Bytes), weights, remaining);
        }

        return remaining.Count == 0
            ? weights
            : throw new FormatException(
                $"The model lacks {remaining.Count} of the network's weights, such as '{remaining.Keys.Order(StringComparer.Ordinal).First()}'.");
    }

    private static byte[] ReadEntry(ModelLoadContext context, string name, long? expectedBytes) =>
        TryReadEntry(context, name, expectedBytes) ?? throw Missing(name);

    private static byte[]? TryReadEntry(ModelLoadContext context, string name, long? expectedBytes)
    {
        byte[]? content = null;
        context.TryLoadBinaryStream(name, reader =>
        {
            CheckLength(name, reader.BaseStream.Length, expectedBytes);
            content = reader.ReadBytes((int)reader.BaseStream.Length);
        });
        return content;
    }

    private static void CheckLength(ModelLoadContext context, WeightFileConfig file)
    {
        if (!context.TryLoadBinaryStream(file.File, reader => CheckLength(file.File, reader.BaseStream.Length, file.Bytes)))
        {
            throw Missing(file.File);
        }
    }

    private static void CheckLength(string name, long length, long? expectedBytes)
    {
        if (expectedBytes is { } bytes ? length != bytes : length > MaximumConfigBytes)
        {
            throw new FormatException(
                $"The model's entry {name} has {length} bytes, expected {(expectedBytes is { } exact ? $"{exact}" : $"at most {MaximumConfigBytes}")}. The file is damaged: use another copy.");
        }
    }

    private static FormatException Missing(string name) => new($"The model has no entry {name}. The file is damaged: use another copy.");

    private static VersionInfo Version() => new(
        modelSignature: "DIFFUSNT",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderSignature: LoaderSignature,
        loaderAssemblyName: typeof(ModelZip).Assembly.FullName);
}
