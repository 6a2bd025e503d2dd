using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Files;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Something that reads files which anyone may have made.</summary>
/// <param name="Name">What the child process is told.</param>
/// <param name="Sample">A good file.</param>
/// <param name="Mutate">Damages it.</param>
/// <param name="Read">Reads a file; only exceptions that its documentation names may leave it.</param>
/// <param name="IsBounded">Whether its time and memory are promised, too.</param>
internal sealed record HostileTarget(
    string Name,
    Func<byte[]> Sample,
    Func<byte[], Random, byte[]> Mutate,
    Action<string> Read,
    bool IsBounded = true)
{
    // Another reader is another line here, and another DataRow of HostileFileTests.
    private static readonly HostileTarget[] _all =
    [
        new("model", ModelFile, Mutations.Zip, InspectAndLoad),
        new("safetensors", Weights, Mutations.Safetensors, ReadSafetensors),
        new("config", () => Entry("config.json"), Mutations.Json, ReadConfig),
        new(
            "unet",
            () => File.ReadAllBytes(Path.Combine(DiffusersFolder, "unet", "config.json")),
            Mutations.Json,
            path => ReadDiffusers(path, "unet/config.json")),
        new(
            "scheduler",
            () => File.ReadAllBytes(Path.Combine(DiffusersFolder, "scheduler", "scheduler_config.json")),
            Mutations.Json,
            path => ReadDiffusers(path, "scheduler/scheduler_config.json")),
        new("statistics", () => Saved(Statistics().Save), Mutations.Safetensors, path => FeatureStatistics.Load(path).FrechetDistanceTo(Statistics())),
        new("likelihood", () => Saved(Likelihood().Save), Mutations.Json, path => LikelihoodMetrics.Merge([LikelihoodMetrics.Load(path), LikelihoodMetrics.Load(path)])),
        new("image", () => PictureFiles.Encode(), DamageImage, DecodeImage),
        new("mlnet", ModelFile, Mutations.Zip, LoadByMachineLearning, IsBounded: false),
    ];

    private static readonly Lazy<string> _goodWeights = new(() =>
    {
        using var model = new MLContext().Model.Load(SavedModel.Model, out _).GetDiffusion();
        return WeightsOf(model);
    });

    private static readonly Lazy<string> _diffusersFolder = new(() =>
    {
        var parent = Directory.CreateTempSubdirectory("diffusion-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => parent.Delete(recursive: true);
        using var model = new MLContext().Model.Load(SavedModel.Model, out _).GetDiffusion();
        var folder = Path.Combine(parent.FullName, "diffusers");
        new MLContext().Diffusion.SaveDiffusers(model, folder);
        return folder;
    });

    private static string DiffusersFolder => _diffusersFolder.Value;

    public static HostileTarget Named(string name) => _all.Single(target => target.Name == name);

    private static byte[] ModelFile() => File.ReadAllBytes(SavedModel.Chain);

    private static byte[] Entry(string name) =>
        SavedModel.Read(File.ReadAllBytes(SavedModel.Model)).Single(entry => entry.Name.EndsWith(name, StringComparison.Ordinal)).Content;

    private static FeatureStatistics Statistics()
    {
        var rows = Enumerable.Range(0, 4).Select(i => new FeatureRow { Features = [i, i * i, 1] });
        return FeatureStatistics.Of(new MLContext().Data.LoadFromEnumerable(rows));
    }

    private static LikelihoodMetrics Likelihood()
    {
        using var model = new MLContext().Model.Load(SavedModel.Model, out _).GetDiffusion();
        var image = Pictures.Grey((x, y) => (byte)(x * y), model.ImageWidth, model.ImageHeight);
        return model.EvaluateLikelihood([image], new LikelihoodOptions { Seed = 1, NumberOfTimesteps = 3 });
    }

    private static byte[] Saved(Action<string> save)
    {
        using var folder = new TemporaryFolder();
        save(folder.File("file"));
        return File.ReadAllBytes(folder.File("file"));
    }

    private static byte[] Weights()
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string> { ["format"] = "pt" });
        writer.Add("a", SafetensorsType.F32, [2, 3], new byte[24]);
        writer.Add("b.c", SafetensorsType.BF16, [], new byte[2]);
        writer.Add("empty", SafetensorsType.I64, [0, 5], Array.Empty<byte>());
        var content = new MemoryStream();
        writer.WriteTo(content);
        return content.ToArray();
    }

    private static void ReadSafetensors(string path)
    {
        using var stream = File.OpenRead(path);
        foreach (var open in (Func<SafetensorsFile>[])[
            () => SafetensorsFile.Open(path),
            () => SafetensorsFile.FromMemory(File.ReadAllBytes(path), path),
            () => SafetensorsFile.FromStream(stream, path),
        ])
        {
            using var file = open();
            foreach (var tensor in file.Tensors)
            {
                tensor.CopyTo(new byte[tensor.ByteCount]);
            }
        }
    }

    private static void ReadConfig(string path)
    {
        var config = ModelConfig.FromJson(File.ReadAllBytes(path));
        SamplerConfigMapping.ToOptions(config.Sampler, ModelConfigMapping.ToDescription(config));
    }

    // Puts the file in its place in a good folder.
    private static void ReadDiffusers(string path, string name)
    {
        File.Copy(path, Path.Combine(DiffusersFolder, name), overwrite: true);
        try
        {
            new MLContext().Diffusion.InspectDiffusers(DiffusersFolder);
            new MLContext().Diffusion.LoadDiffusers(DiffusersFolder).Dispose();
        }
        catch (Exception exception) when (exception is NotSupportedException or ArgumentOutOfRangeException)
        {
            throw new FormatException(exception.Message, exception); // what the others throw
        }
    }

    // A file of some format each time.
    private static byte[] DamageImage(byte[] png, Random random) => Mutations.Bytes(random.Next(8) switch
    {
        0 => png,
        1 => PictureFiles.Encode(SKEncodedImageFormat.Jpeg, width: 40, height: 24),
        2 => PictureFiles.Encode(SKEncodedImageFormat.Webp),
        3 => PictureFiles.AnimatedWebP(),
        4 => PictureFiles.AnimatedGif(),
        5 => PictureFiles.Bmp(1, 2, 3),
        6 => PictureFiles.CmykJpeg(240, 128, 64, 200),
        _ => PictureFiles.Png(2, 2, 16, 6, new byte[34]),
    }, random);

    private static void DecodeImage(string path)
    {
        try
        {
            var image = ImageReading.Read(path, new ImageFolderOptions { MaximumPixels = 1 << 20 });
            ImageResizing.Fit(image, 16, 16, ImageFit.Crop, System.Drawing.Color.White);
        }
        catch (InvalidDataException exception)
        {
            throw new FormatException(exception.Message, exception); // what the others throw
        }
    }

    private static void InspectAndLoad(string path)
    {
        ModelFileInfo? inspection = null;
        try
        {
            inspection = new MLContext().Diffusion.InspectModel(path);
        }
        catch (FormatException)
        {
            // LoadModel has to refuse it, too.
        }

        var loaded = new MLContext().Diffusion.LoadModel(path, out _);
        using var model = loaded.GetDiffusion();
        CheckWeights(model);
        if (inspection is not { HashesMatch: true })
        {
            throw new InvalidOperationException("A model was loaded that inspection refuses.");
        }
    }

    private static void LoadByMachineLearning(string path)
    {
        ITransformer loaded;
        try
        {
            // ML.NET never returns from some damaged arrays: that is neither a crash nor a wrong model.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            ITransformer? model = null;
#pragma warning disable SYSLIB0046 // the rule is right for a product: here another's loader, which takes no token, may never return
            System.Runtime.ControlledExecution.Run(() => model = new MLContext().Model.Load(path, out _), limit.Token);
#pragma warning restore SYSLIB0046
            loaded = model!;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return; // ML.NET documents none, and throws what it meets
        }

        if (loaded is not IEnumerable<ITransformer> chain || !chain.OfType<DiffusionTransformer>().Any())
        {
            return; // the damage took the step itself away
        }

        using var found = loaded.GetDiffusion();
        CheckWeights(found);
    }

    private static void CheckWeights(DiffusionTransformer model)
    {
        if (WeightsOf(model) != _goodWeights.Value)
        {
            throw new InvalidOperationException("The model was loaded with other weights.");
        }
    }

    private static string WeightsOf(DiffusionTransformer model) =>
        string.Join('\n', WeightFiles.Pack(model.Model.Weights()).SelectMany(file => file.Description.Sha256.Values));

    private sealed class FeatureRow
    {
        [VectorType(3)]
        public float[] Features { get; init; } = [];
    }
}
