using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/getting-started.md, from the first line to the last.</summary>
[TestClass]
[DoNotParallelize]
public sealed class GettingStartedSnippets : SnippetRun
{
    [TestMethod]
    public void GettingStarted_FromDrawnShapesToALongRun_Works()
    {
        #region snippet
        var random = new Random(1);
        for (var i = 0; i < Shown(1000, tested: 24); i++)
        {
            var (kind, size) = (i % 2 == 0 ? "disc" : "ring", Shown(16, tested: 8));
            var (x, y, radius) = (size * (0.35 + (0.3 * random.NextDouble())), size * (0.35 + (0.3 * random.NextDouble())), size * (0.15 + (0.15 * random.NextDouble())));
            var pixels = new byte[4 * size * size];
            for (var p = 0; p < size * size; p++)
            {
                var distance = Math.Sqrt(Math.Pow((p % size) - x, 2) + Math.Pow((p / size) - y, 2));
                var depth = kind == "disc" ? radius - distance : 1.2 - Math.Abs(radius - distance);
                pixels.AsSpan(4 * p, 3).Fill((byte)(255 * Math.Clamp(depth + 0.5, 0, 1)));
                pixels[(4 * p) + 3] = 255;
            }

            Directory.CreateDirectory($"pictures/{kind}");
            using var picture = MLImage.CreateFromPixels(size, size, MLPixelFormat.Rgba32, pixels);
            picture.Save($"pictures/{kind}/{i:D4}.png");
        }
        #endregion

        #region snippet
        var mlContext = new MLContext(seed: 1);
        using var progress = new ConsoleProgress(mlContext);
        LoadedImages pictures = mlContext.Diffusion.LoadImages("pictures", imageSize: Shown(16, tested: 8));
        Console.WriteLine(pictures);

        var time = Shown(TimeSpan.FromMinutes(2), tested: TimeSpan.FromSeconds(1));
        var options = DiffusionOptions.For(pictures.Data, time, mlContext: mlContext, configure: given => given with
        {
            LabelColumnName = pictures.Data.Schema.GetColumnOrNull("Label")?.Name, // null where all pictures are in one folder
            Training = given.Training with { Progress = progress },
        });
        using DiffusionTransformer model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(pictures.Data);

        MLImage[] drawn = model.Generate(Shown(64, tested: 2));
        using MLImage grid = ImageGrid.Create(drawn, columns: 16, padding: 1);
        grid.Save("drawn.png");
        #endregion

        Assert.IsTrue(File.Exists("drawn.png"));

        #region snippet
        mlContext.Diffusion.SaveModel(model, pictures.Data.Schema, "shapes.zip");

        var elsewhere = new MLContext();
        using DiffusionTransformer loaded = elsewhere.Diffusion.LoadDiffusionModel("shapes.zip");
        Console.WriteLine(loaded.Describe());
        #endregion

        Assert.AreEqual(model.Describe().Network.ToString(), loaded.Describe().Network.ToString());

        #region snippet
        MLImage[] rings = model.Generate(
            Enumerable.Repeat("ring", Shown(16, tested: 2)),
            new GenerationOptions { GuidanceScale = 1.5, Seed = 42, Sampler = new DpmSolverSampler(steps: 20) });
        #endregion

        Assert.HasCount(2, rings);

        #region snippet
        DiffusionTransformer judge = model.WithColumns(new OutputColumnOptions { ReconstructionError = "Error", EncodingSampler = new DdimSampler(10) });
        IDataView judged = judge.Transform(mlContext.Data.TakeRows(pictures.Data, Shown(200, tested: 10)));
        string[] paths = [.. judged.GetColumn<string>("ImagePath")];
        float[] errors = [.. judged.GetColumn<float>("Error")];
        Array.Sort(errors, paths);
        Console.WriteLine($"The strangest picture: {paths[^1]}");
        #endregion

        Assert.IsTrue(errors[^1] >= errors[0] && errors[0] >= 0);

        #region snippet
        var fast = new GenerationOptions { Sampler = new DpmSolverSampler(steps: 20) };
        IDataView drawnRows = mlContext.Diffusion.GenerateDataView(model, count: Shown(400, tested: 8), model.ClassNames, fast);
        var classifier = mlContext.Transforms.ExtractPixels("Features", "Image")
            .AppendCacheCheckpoint(mlContext) // the trainer reads its rows many times, and each time they would be drawn again
            .Append(mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Label", "Features"))
            .Fit(drawnRows);
        var metrics = mlContext.MulticlassClassification.Evaluate(classifier.Transform(pictures.Data));
        Console.WriteLine($"It has seen drawn shapes only, and tells {metrics.MicroAccuracy:P0} of the real ones.");
        #endregion

        Assert.IsTrue(metrics.MicroAccuracy is >= 0 and <= 1);

        #region snippet
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true; // do not end the process: Fit returns within one step
            stop.Cancel();
        };
        var longRun = mlContext.Transforms.DiffusionTrainer("Generated", "Image", Shown(TimeSpan.FromMinutes(20), tested: TimeSpan.FromSeconds(1)), given => given with
        {
            LabelColumnName = options.LabelColumnName,
            Training = given.Training with
            {
                Progress = progress,
                CheckpointDirectory = "runs/shapes",
                CancellationToken = stop.Token,
                ReturnModelOnCancellation = true,
            },
        });
        using var better = longRun.Fit(pictures.Data);
        mlContext.Diffusion.SaveModel(better, pictures.Data.Schema, "shapes.zip");
        #endregion

        Assert.IsNotEmpty(Directory.GetFiles("runs/shapes", "*.safetensors"));
    }
}
