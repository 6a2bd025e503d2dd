using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>Turns a folder of diffusers into a model.</summary>
internal static class DiffusersImport
{
    /// <summary>The key under which <see cref="DiffusersExport"/> keeps the names of the classes, for which diffusers has no place.</summary>
    public const string ClassNamesNote = "_class_names";

    public static TrainedModel Load(IHost host, string folder, DiffusersOptions options)
    {
        var device = DeviceChoice.Resolve(host, options.Device);
        var place = DiffusersFolder.Open(folder);
        var (network, scheduler, description) = Read(place, options);
        if (place.SchedulerConfig is null)
        {
            using var channel = host.Start("LoadDiffusers");
            channel.Warning(
                MessageSensitivity.None,
                $"{folder} has no {DiffusersFolder.SchedulerFile}: the model is taken for one of diffusers' {DiffusersScheduler.DdpmName} with its defaults (linear schedule, epsilon prediction).");
        }

        var weights = DiffusersWeights.Load(place.Network, network, description.Shape.Height, description.Shape.Width);
        var columns =
            new TransformerColumns(
                options.OutputColumnName,
                options.InputColumnName,
                options.LabelColumnName,
                null,
                new OutputColumnOptions(),
                new PixelEncoding(0, 1));
        return new TrainedModel(
            new DiffusionModel(description, NetworkEngine.Create(weights.Plan, weights, device)),
            columns,
            new GenerationOptions { Sampler = scheduler.Sampler },
            Training: null);
    }

    /// <summary>Says what is in a folder; of the weights only their file's header is read.</summary>
    public static DiffusersFolderInfo Inspect(string folder, DiffusersOptions options)
    {
        var place = DiffusersFolder.Open(folder);
        var (_, scheduler, description) = Read(place, options);
        var path = DiffusersWeights.Find(place.Network);
        using var weights = SafetensorsFile.Open(path);
        return new DiffusersFolderInfo(
            place.Pipeline,
            description.ToString(),
            new GenerationOptions { Sampler = scheduler.Sampler }.ToString(),
            description.ClassNames,
            Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'),
            [.. weights.Tensors.Select(tensor => tensor.Type.ToString()!).Distinct().Order(StringComparer.Ordinal)],
            weights.Tensors.Count,
            weights.Tensors.Sum(tensor => tensor.ElementCount));
    }

    private static (DiffusersNetwork Network, DiffusersScheduler Scheduler, ModelDescription Description) Read(
        DiffusersFolder place,
        DiffusersOptions options)
    {
        var config = place.ReadConfig();
        var named = config.Texts(ClassNamesNote, []);
        var network = DiffusersNetwork.Read(config);
        var scheduler = DiffusersScheduler.Read(place.ReadScheduler(), place.Pipeline, options.NumberOfInferenceSteps);
        return (network, scheduler, Describe(config, network, scheduler, options, named));
    }

    private static ModelDescription Describe(
        DiffusersConfig config,
        DiffusersNetwork network,
        DiffusersScheduler scheduler,
        DiffusersOptions options,
        string[] named)
    {
        if (network.InChannels is not (1 or 3))
        {
            throw config.Refusal("in_channels", network.InChannels, "images have 1 channel (grey) or 3 (red, green, blue)");
        }

        var learns = network.OutChannels == 2 * network.InChannels;
        if (!learns && network.OutChannels != network.InChannels)
        {
            throw config.Refusal(
                "out_channels",
                network.OutChannels,
                $"it must be in_channels = {network.InChannels}, or twice as many with a learned variance");
        }

        if (!learns && scheduler.Variance == DdpmVariance.Learned)
        {
            throw config.Refusal(
                "out_channels",
                network.OutChannels,
                $"the scheduler's variance_type learned_range needs {2 * network.InChannels}");
        }

        var names = ClassNames(network.NumberOfClasses, options.ClassNames, named);
        try
        {
            Limits.CheckClassNames(names, options.ClassNames is null ? ClassNamesNote : nameof(DiffusersOptions.ClassNames));
        }
        catch (ArgumentOutOfRangeException e) when (options.ClassNames is null)
        {
            throw config.Damage(e.Message, e);
        }

        var (height, width) =
            network.Size ?? (Side(options.ImageHeight, nameof(options.ImageHeight)), Side(options.ImageWidth, nameof(options.ImageWidth)));
        network.Options.ValidateFor(height, width);
        return new ModelDescription(
            new ImageShape(network.InChannels, height, width),
            network.Options,
            scheduler.Schedule,
            scheduler.Prediction,
            learns ? ModelVariance.LearnedRange : ModelVariance.Fixed,
            names);
    }

    private static int Side(int? side, string name) =>
        side ?? throw new ArgumentOutOfRangeException(
            name,
            side,
            $"{name} must be set, because the network's config.json has no sample_size.");

    private static string[] ClassNames(int classes, IReadOnlyList<string>? asked, string[] named)
    {
        if (asked is not null && asked.Count != classes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(DiffusersOptions.ClassNames),
                asked.Count,
                $"ClassNames must hold {classes} names, because the network embeds that many classes.");
        }

        return asked is not null ? [.. asked]
            : named.Length == classes ? named
            : [.. Enumerable.Range(0, classes).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];
    }
}
