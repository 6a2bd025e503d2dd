using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>All that the library does, on the CPU, in a process of its own that then says what it has loaded of TorchSharp.</summary>
internal static class CpuRun
{
    /// <summary>Trains, generates, evaluates, saves and loads; prints what it did, and a line for all that is loaded of TorchSharp and libtorch.</summary>
    public static void Run(string folder)
    {
        var mlContext = new MLContext(seed: 1);
        var rows = Pictures.Rows(mlContext);
        using var model = Train(mlContext, rows, folder);
        Console.WriteLine("trained");
        UseImages(mlContext, model, rows);
        Console.WriteLine("generated");
        Evaluate(mlContext, model, rows);
        Console.WriteLine("evaluated");
        SaveAndLoad(mlContext, model, rows, folder);
        Console.WriteLine("saved and loaded");
        Console.WriteLine(string.Join('\n', LoadedLibraries.OfTorch()));
    }

    private static DiffusionTransformer Train(MLContext mlContext, IDataView rows, string folder)
    {
        var shown = new List<int>();
        using var stopping = new CancellationTokenSource();
        DiffusionTransformer Fit(CancellationToken cancellation) => mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Labelled with
        {
            Device = null,
            Training = TinyModel.Options.Training with
            {
                CancellationToken = cancellation,
                CheckpointDirectory = Path.Combine(folder, "checkpoints"),
                CheckpointEverySteps = 4,
                Validation = new ValidationOptions { EverySteps = 5, KeepBest = true },
                SampleGrid = new SampleGridOptions { EverySteps = 5, NumberOfImages = 2, Show = Stop },
            },
        }).Fit(rows, rows);

        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(stopping.Token));
        Assert.IsNotEmpty(Directory.GetFiles(Path.Combine(folder, "checkpoints")));
        using var resumed = Fit(CancellationToken.None);
        Assert.AreSequenceEqual([5, 10], shown.ToArray());
        Assert.AreEqual((10, "cpu"), (resumed.Training!.Steps, resumed.Device));
        return mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Labelled).Fit(rows, resumed);

        void Stop(int step, MLImage grid)
        {
            shown.Add(step);
            stopping.Cancel();
        }
    }

    private static void UseImages(MLContext mlContext, DiffusionTransformer model, IDataView rows)
    {
        var images = model.Generate([0, 1, -1]);
        Sampler[] samplers = [new DdpmSampler(3), new HeunSampler(3), new DpmSolverSampler(3)];
        foreach (var sampler in samplers)
        {
            Free(model.Generate(1, model.Generation with { Sampler = sampler }));
        }

        Free(model.Interpolate(images[0], images[1], 3));
        Free(model.Interpolate(1, 2, 3));
        Free(model.Decode(model.Encode(images)));
        Free(model.ImageToImage(images, 0.5));
        Free(model.Inpaint(images[..1], images[1..2]));
        Assert.HasCount(8, Pixels(mlContext, model, rows));
        Free(images);
    }

    private static void Evaluate(MLContext mlContext, DiffusionTransformer model, IDataView rows)
    {
        Assert.IsTrue(double.IsFinite(mlContext.Diffusion.EvaluateLikelihood(model, rows, labelColumnName: "Label").BitsPerDimension));
        var real = Features(mlContext, rows.GetColumn<MLImage>("Image"));
        var generated = Features(mlContext, mlContext.Diffusion.GenerateDataView(model, 20).GetColumn<MLImage>("Image"));
        Assert.IsTrue(double.IsFinite(mlContext.Diffusion.Evaluate(real, generated).FrechetDistance));
    }

    private static void SaveAndLoad(MLContext mlContext, DiffusionTransformer model, IDataView rows, string folder)
    {
        var (file, diffusers, expected) = (Path.Combine(folder, "model.zip"), Path.Combine(folder, "diffusers"), Digest(model));
        mlContext.Diffusion.SaveModel(model, rows.Schema, file);
        using (var loaded = mlContext.Diffusion.LoadModel(file, out _).GetDiffusion())
        {
            Assert.AreEqual(expected, Digest(loaded));
        }

        mlContext.Model.Save(model, rows.Schema, file);
        using (var loaded = mlContext.Model.Load(file, out _).GetDiffusion())
        {
            Assert.AreEqual(expected, Digest(loaded.ToDevice("cpu")));
        }

        Assert.IsNotNull(mlContext.Diffusion.InspectModel(file));
        mlContext.Diffusion.SaveDiffusers(model, diffusers);
        Assert.IsNotNull(mlContext.Diffusion.InspectDiffusers(diffusers));
        using var read = mlContext.Diffusion.LoadDiffusers(diffusers);
        Assert.AreEqual(Weights.Digest(model), Weights.Digest(read));
        Free(read.Generate(1));
    }

    private static string Digest(DiffusionTransformer model) => Pictures.Digest(model.Generate(2));

    private static List<float[]> Pixels(MLContext mlContext, DiffusionTransformer model, IDataView rows)
    {
        var added =
            new OutputColumnOptions { GeneratedPixels = "Pixels", Latent = "Latent", BitsPerDimension = "Bits", NumberOfLikelihoodTimesteps = 2 };
        using var scoring = model.WithColumns(added);
        var scored = scoring.Transform(rows);
        Assert.HasCount(8, scored.GetColumn<float[]>("Latent"));
        return [.. scored.GetColumn<float[]>("Pixels")];
    }

    private static IDataView Features(MLContext mlContext, IEnumerable<MLImage> images) =>
        mlContext.Data.LoadFromEnumerable(
            images.Select(image => new FeatureRow { Features = [image.Pixels[0], image.Pixels[^4]] }).ToList());

    private static void Free(IEnumerable<MLImage> images)
    {
        foreach (var image in images)
        {
            image.Dispose();
        }
    }

    private sealed class FeatureRow
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [];
    }
}
