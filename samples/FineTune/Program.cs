// A hundred pictures of one's own, and half a minute: what does a model that has learned other pictures save? The bundled model of
// emoji learns on, and a new one of the same shape starts from nothing, each for as long. A folder of 50 pictures or more, of any
// size, takes the place of the potions drawn here:
//   dotnet run -c Release --project samples/FineTune -- FOLDER
// --model FILE starts from another model of coloured pictures; --quick does the same with a tiny budget, to see that it runs.
using System.Diagnostics;
using FineTune;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

const int Seed = 1;
const int Columns = 16;
var quick = args.Contains("--quick");
var modelFile = args.SkipWhile(argument => argument != "--model").Skip(1).FirstOrDefault() ?? Path.Combine(AppContext.BaseDirectory, "emoji.zip");
var folder = args.FirstOrDefault(argument => argument is not ("--quick" or "--model") && argument != modelFile);
var (minutes, count, drawn, steps) = quick ? (0.03, 16, 16, 2) : (0.5, 100, 200, 30);
var clock = Stopwatch.StartNew();
var mlContext = new MLContext(Seed);
using var progress = new ConsoleProgress(mlContext);
var artifacts = new Artifacts(null, Path.Combine("FineTune", quick ? "quick" : ""));

// 1. A model to start from, which also says how large pictures must be.
using var previous = mlContext.Diffusion.LoadDiffusionModel(modelFile);
Console.WriteLine($"Starts from: {previous}");

// 2. Pictures of one's own. They have no classes; those of the model are left out then.
if (folder is null)
{
    artifacts.SaveAll("potions", [.. Enumerable.Range(0, count).Select(i => Potions.Draw(i, previous.ImageWidth))]);
    folder = artifacts.PathOf("potions");
}

var own = PictureFolder.Load(mlContext, folder, previous.ImageWidth, previous.ImageHeight, TextWriter.Null).Data; // progress tells what it skips

// 3. Twice the same training: a fifth of the pictures judges, and the weights that it likes best are kept. The model that has learned already takes smaller steps.
DiffusionOptions Options(double learningRate) => new()
{
    Network = previous.Network with { Dropout = 0.1 }, // all else must be as in the model
    Schedule = previous.Schedule,
    Prediction = previous.Prediction,
    Variance = previous.Variance,
    Channels = previous.Channels,
    Training = new TrainingOptions
    {
        Duration = TimeSpan.FromMinutes(minutes),
        BatchSize = 16,
        LearningRate = learningRate,
        WarmupSteps = 50,
        EmaDecay = 0.99,
        FlipHorizontally = true,
        Validation = new ValidationOptions { Share = 0.2, EverySteps = 25, DrawsPerImage = 4, KeepBest = true },
        Progress = progress,
    },
};

using var tuned = mlContext.Transforms.DiffusionTrainer("Generated", "Image", Options(learningRate: 1e-3)).Fit(own, previous);
using var alone = mlContext.Transforms.DiffusionTrainer("Generated", "Image", Options(learningRate: 2e-3)).Fit(own);

// 4. How good each is: by its loss on the pictures held out, and by the Frechet distance of what it draws to all of them. The features are what the model of emoji
// sees in a picture at its lowest resolution: no other network is needed, and they are the same for both.
using var judge = previous.WithColumns(new OutputColumnOptions { Latent = "Features", LatentKind = LatentKind.Bottleneck });
var generation = new GenerationOptions { Sampler = new DdimSampler(steps), Seed = Seed };
Console.WriteLine("                   steps   validation loss   Frechet distance");
var sheet = new List<MLImage>(PictureFolder.Take(own, Columns));
foreach (var (name, model) in new[] { ("from nothing", alone), ("from the model", tuned) })
{
    var distance = mlContext.Diffusion.Evaluate(judge.Transform(own), judge.Transform(mlContext.Diffusion.GenerateDataView(model, drawn, options: generation)), "Features").FrechetDistance;
    Console.WriteLine(FormattableString.Invariant($"{name,-16}  {model.Training!.Steps,6}   {model.Training.ValidationLoss,15:F4}   {distance,16:F2}"));
    sheet.AddRange(model.Generate(2 * Columns, generation));
}

using var grid = ImageGrid.Create(sheet, Columns, padding: 1);
artifacts.Save("sheet.png", grid.Save, "one row of the pictures, two drawn by the model from nothing, two by that which learned on");
Console.WriteLine(FormattableString.Invariant($"{clock.Elapsed.TotalMinutes:F1} minutes"));

// Expected output (besides the progress of the trainings; the figures depend on how far they get):
//
// Starts from: Diffusion model of 32x32, 3 channels, ...
// Wrote 100 pictures to <repository>/artifacts/FineTune/potions
//                    steps   validation loss   Frechet distance
// from nothing         395            0.0378              11.37
// from the model       393            0.0237               1.90
// Wrote <repository>/artifacts/FineTune/sheet.png: one row of the pictures, two drawn by the model from nothing, two by that which learned on
// 1.3 minutes
