// Do drawn pictures help a classifier that has few real ones? Each seed takes another 500 labelled garments and trains ML.NET's maximum entropy
// classifier on them alone, and with garments drawn class by class by
//   - a diffusion model that learned from these 500 alone: nothing else is known, so this is what augmentation is worth by itself;
//   - models/garments.zip, which learned from 10,000 other labelled garments: what it adds is knowledge of those, not something out of nothing.
// All are judged on 2,000 garments that no model here has seen. --quick does the same with a tiny budget, to see that it runs.
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Transforms.Image;

var (quick, clock) = (args.Contains("--quick"), Stopwatch.StartNew());
var (seeds, labelled, drawn, seconds, solverSteps, tested) = quick ? (2, 60, 20, 2, 2, 100) : (3, 500, 500, 40, 20, 2000);
var mlContext = new MLContext(seed: 1);
using var progress = new ConsoleProgress(mlContext);
var artifacts = new Artifacts(null, "Augmentation");
using var given = mlContext.Model.Load(Path.Combine(AppContext.BaseDirectory, "garments.zip"), out _).GetDiffusion();
Console.WriteLine($"The model that is given:\n{given.Describe()}\n");

var unseen = Pixels(Real(FashionMnist.Read(FashionMnist.Unseen)));
var toJudge = unseen[^tested..];
string[] ways =
    [
        $"{labelled} labelled garments",
        $"and {drawn} drawn by a model of these {labelled}",
        $"and {drawn} drawn by garments.zip",
        $"and {drawn} real ones of those that garments.zip learned from",
    ];
var accuracies = ways.Select(_ => new List<double>()).ToList();
List<MLImage> pictures = [];
for (var seed = 1; seed <= seeds; seed++)
{
    // 1. The few, and a model that learns from nothing else.
    var few = unseen[((seed - 1) * labelled)..(seed * labelled)];
    using var own = Learn(FashionMnist.Read(FashionMnist.Unseen).Skip((seed - 1) * labelled).Take(labelled), seed);
    Console.WriteLine($"Seed {seed}: the model of the {labelled} garments learned by {own.Training}.");

    // 2. Rows of drawn garments: data like any other.
    var options = new GenerationOptions { Sampler = new DpmSolverSampler(solverSteps), Seed = seed };
    var (byOwn, byGiven) = (Draw(own), Draw(given));
    IReadOnlyList<LabelledPixels>[] additions =
        [[], Pixels(byOwn), Pixels(byGiven), Pixels(Real(FashionMnist.Read().Skip((seed - 1) * drawn).Take(drawn)))];

    // 3. A classifier with each.
    for (var way = 0; way < ways.Length; way++)
    {
        accuracies[way].Add(Accuracy([.. few, .. additions[way]]));
        Console.WriteLine(
            FormattableString.Invariant($"  {ways[way],-70} accuracy {accuracies[way][^1]:P1}   after {clock.Elapsed.TotalSeconds:F0} s"));
    }

    if (seed == 1)
    {
        pictures.AddRange([.. Images(byOwn), .. Images(byGiven)]);
    }

    IDataView Draw(DiffusionTransformer model) => mlContext.Diffusion.GenerateDataView(model, drawn, model.ClassNames, options);
}

// 4. What it comes to. The same labelled garments with and without: the difference is that of pairs.
Console.WriteLine(
    FormattableString.Invariant($"\nMean over {seeds} seeds (each another {labelled} garments), judged on {tested:N0} unseen ones:"));
for (var way = 0; way < ways.Length; way++)
{
    var gains = accuracies[way].Zip(accuracies[0], (with, without) => 100 * (with - without)).ToList();
    var spread = Math.Sqrt(gains.Sum(gain => Math.Pow(gain - gains.Average(), 2)) / (seeds - 1));
    Console.WriteLine(
        FormattableString.Invariant(
            $"  {ways[way],-70} {accuracies[way].Average():P1}{(way == 0 ? "" : FormattableString.Invariant($"   {gains.Average():+0.0;-0.0} points (standard deviation {spread:F1})"))}"));
}

using var grid = ImageGrid.Create(pictures, columns: 20, padding: 1);
artifacts.Save("drawn.png", grid.Save, $"two rows drawn by the model of {labelled} garments, two by garments.zip, the ten classes in turn");
Console.WriteLine(FormattableString.Invariant($"{clock.Elapsed.TotalMinutes:F1} minutes"));

DiffusionTransformer Learn(IEnumerable<Garment> garments, int seed)
{
    var options = new DiffusionOptions
    {
        LabelColumnName = "Label",
        Network = given.Network,
        Seed = seed,
        Training = new TrainingOptions
        {
            Duration = TimeSpan.FromSeconds(seconds),
            BatchSize = 32,
            LearningRate = 2e-3,
            WarmupSteps = 50,
            EmaDecay = 0.99,
            LabelDropout = 0.1,
            Progress = progress,
        },
    };
    var pipeline =
        mlContext.Transforms.Conversion.MapValueToKey("Label").Append(mlContext.Transforms.DiffusionTrainer("Generated", "Image", options));
    return pipeline.Fit(Real(garments)).LastTransformer;
}

double Accuracy(IReadOnlyList<LabelledPixels> rows)
{
    var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
        .Append(mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Label", "Pixels", l2Regularization: 10));
    var data = mlContext.Data.LoadFromEnumerable(rows);
    return mlContext.MulticlassClassification.Evaluate(pipeline.Fit(data)
        .Transform(mlContext.Data.LoadFromEnumerable(toJudge))).MicroAccuracy;
}

// Images as the classifier sees them, in memory: drawn ones are drawn once.
LabelledPixels[] Pixels(IDataView rows)
{
    var pixels =
        mlContext.Transforms.ExtractPixels("Pixels", "Image", colorsToExtract: ImagePixelExtractingEstimator.ColorBits.Red, scaleImage: 1 / 255f)
            .Fit(rows)
            .Transform(rows);
    var named =
        rows.Schema["Label"].Type is KeyDataViewType
            ? mlContext.Transforms.Conversion.MapKeyToValue("Label").Fit(pixels).Transform(pixels)
            : pixels;
    return [.. mlContext.Data.CreateEnumerable<LabelledPixels>(named, reuseRowObject: false)];
}

IDataView Real(IEnumerable<Garment> garments) => mlContext.Data.LoadFromEnumerable(garments);

IEnumerable<MLImage> Images(IDataView rows) => mlContext.Data.TakeRows(rows, quick ? 20 : 40).GetColumn<MLImage>("Image");

/// <summary>A garment as the classifier sees it.</summary>
internal sealed class LabelledPixels
{
    [VectorType(FashionMnist.Size * FashionMnist.Size)]
    public float[] Pixels { get; set; } = [];

    public string Label { get; set; } = "";
}
