// How strange is a picture? A model learns nine kinds of garments; then its scores, columns of an ML.NET pipeline like any other, are to tell the tenth
// kind from garments of the nine that it has not seen. Beside them stand two baselines that need no diffusion model. An argument names another kind
// to hold out, such as Sneaker; --quick does the same with a tiny budget, to see that it runs.
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Transforms.Image;

const int Seed = 1;
var quick = args.Contains("--quick");
var heldOut = args.FirstOrDefault(argument => argument != "--quick") ?? "Bag";
var (minutes, tested, steps, timesteps, flowSteps) = quick ? (0.05, 16, 2, 3, 10) : (2.5, 400, 10, 20, 20);
var clock = Stopwatch.StartNew();
var mlContext = new MLContext(Seed);
using var progress = new ConsoleProgress(mlContext);
var artifacts = new Artifacts(null, Path.Combine("AnomalyDetection", quick ? "quick" : ""));

// 1. Garments to learn from, and as many unseen ones of the known kinds and of the other to judge.
var known = FashionMnist.Read().Where(garment => garment.Label != heldOut).Select(garment => Judged(garment, isStrange: false));
var strange = FashionMnist.Read().Where(garment => garment.Label == heldOut).Select(garment => Judged(garment, isStrange: true));
var toLearn = mlContext.Data.LoadFromEnumerable(known.Skip(tested));
var toJudge = mlContext.Data.LoadFromEnumerable(known.Take(tested).Concat(strange.Take(tested)));

// 2. A pipeline with a model that has never seen the kind held out. Its scores are columns, computed for those rows alone whose scores are read.
var pipeline = mlContext.Transforms.ExtractPixels("Pixels", "Image", colorsToExtract: ImagePixelExtractingEstimator.ColorBits.Red, scaleImage: 1 / 255f)
    .Append(mlContext.Transforms.CustomMapping<PixelRow, MeanRow>((row, mean) => mean.Mean = row.Pixels.Average(), contractName: null))
    .Append(mlContext.Transforms.DiffusionTrainer("Generated", "Image", new DiffusionOptions
    {
        Network = new UNetOptions
        {
            BaseChannels = 32,
            ChannelMultipliers = [2, 2],
            NumberOfResidualBlocks = 1,
            AttentionResolutions = [7],
            PatchSize = 2,
            Dropout = 0,
        },
        Training = new TrainingOptions
        {
            Duration = TimeSpan.FromMinutes(minutes),
            BatchSize = 32,
            LearningRate = 2e-3,
            WarmupSteps = 100,
            EmaDecay = 0.995,
            Progress = progress,
        },
        OutputColumns = new OutputColumnOptions
        {
            ReconstructionError = "ReconstructionError",
            BitsPerDimension = "BitsPerDimension",
            Latent = "Features",
            LatentKind = LatentKind.Bottleneck,
            EncodingSampler = new DdimSampler(steps),
            NumberOfLikelihoodTimesteps = timesteps,
        },
    }));
var model = pipeline.Fit(toLearn);
using var diffusion = model.LastTransformer;
Console.WriteLine(
    FormattableString.Invariant(
        $"Learned from {diffusion.Training!.Images:N0} garments without any {heldOut} in {diffusion.Training.Steps:N0} steps of {diffusion.Training.BatchSize}, {diffusion.Training.Seconds:F0} s, seed {Seed}."));
var judged = mlContext.Data.Cache(model.Transform(toJudge)); // each score is computed once

// 3. Each score as what it is worth. The exact likelihood, by the probability flow, is no column: it takes eight network calls a step.
var likelihood =
    mlContext.Diffusion.EvaluateLikelihood(
        diffusion,
        toJudge,
        options: new LikelihoodOptions { NumberOfTimesteps = 3, NumberOfFlowSteps = flowSteps, Seed = Seed });
var exact = mlContext.Data.LoadFromEnumerable(
    likelihood.FlowPerImage!.Select((bits, i) => new ExactScore { Bits = (float)bits, IsStrange = i >= tested }));
Console.WriteLine($"How well each score tells {tested} {heldOut} from {tested} unseen garments of the other kinds (0.5 is chance):");
var scores = new (string Name, IDataView Rows, string Column)[]
{
    ("mean of the pixels (baseline)", judged, "Mean"),
    ("principal components of the pixels (baseline)", PrincipalComponents("Pixels"), "Score"),
    ("reconstruction error", judged, "ReconstructionError"),
    ("bits per dimension: the bound", judged, "BitsPerDimension"),
    ("bits per dimension: exact", exact, nameof(ExactScore.Bits)),
    ("principal components of the network's features", PrincipalComponents("Features"), "Score"),
};
foreach (var (name, rows, column) in scores)
{
    Console.WriteLine(
        FormattableString.Invariant($"  {name,-48} AUC {AreaUnderRocCurve(rows, column):F3}   after {clock.Elapsed.TotalSeconds:F0} s"));
}

// 4. What is strangest, and what is least strange, to the last of the scores.
var ranked =
    scores[^1].Rows.GetColumn<float>("Score")
        .Select((score, i) => (score, i))
        .OrderByDescending(row => row.score)
        .Select(row => row.i)
        .ToList();
var images =
    known.Take(tested)
        .Concat(strange.Take(tested))
        .Select(row => MLImage.CreateFromPixels(FashionMnist.Size, FashionMnist.Size, row.Image.PixelFormat, row.Image.Pixels))
        .ToArray();
using var grid = ImageGrid.Create([.. ranked.Take(16).Concat(ranked.TakeLast(16)).Select(i => images[i])], columns: 16, padding: 1);
artifacts.Save("strangest.png", grid.Save, "above the 16 strangest garments, below the 16 most usual");
Console.WriteLine(FormattableString.Invariant($"{clock.Elapsed.TotalMinutes:F1} minutes"));

// ML.NET's own detector, which learns from the same garments.
IDataView PrincipalComponents(string column)
{
    var detector =
        mlContext.AnomalyDetection.Trainers.RandomizedPca(column, rank: 20, seed: Seed)
            .Fit(mlContext.Data.TakeRows(model.Transform(toLearn), quick ? 100 : 3000));
    return detector.Transform(judged);
}

// ML.NET's own evaluation of a score: a garment counts as strange above a threshold, but the area does not depend on it.
double AreaUnderRocCurve(IDataView rows, string column)
{
    var asScore = mlContext.Transforms.CopyColumns("Judgement", column)
        .Append(mlContext.Transforms.Expression("PredictedStrange", "score => score > 0.5f", "Judgement"));
    return mlContext.BinaryClassification.EvaluateNonCalibrated(asScore.Fit(rows).Transform(rows), nameof(JudgedGarment.IsStrange), "Judgement", "PredictedStrange").AreaUnderRocCurve;
}

static JudgedGarment Judged(Garment garment, bool isStrange) => new() { Image = garment.Image, IsStrange = isStrange };

// Expected output (besides the progress of the training; the figures depend on how far it gets):
//
// Learned from 8,600 garments without any Bag in 2,504 steps of 32, 150 s, seed 1.
// How well each score tells 400 Bag from 400 unseen garments of the other kinds (0.5 is chance):
//   mean of the pixels (baseline)                    AUC 0.634   after ... s
//   principal components of the pixels (baseline)    AUC 0.836   after ... s
//   reconstruction error                             AUC 0.627   after ... s
//   bits per dimension: the bound                    AUC 0.782   after ... s
//   bits per dimension: exact                        AUC 0.785   after ... s
//   principal components of the network's features   AUC 0.774   after ... s
// Wrote <repository>/artifacts/AnomalyDetection/strangest.png: above the 16 strangest garments, below the 16 most usual
// ... minutes

/// <summary>A garment, and whether it is of the kind held out.</summary>
internal sealed class JudgedGarment
{
    [ImageType(FashionMnist.Size, FashionMnist.Size)]
    public required MLImage Image { get; init; }

    public required bool IsStrange { get; init; }
}

internal sealed class ExactScore
{
    public float Bits { get; set; }

    public bool IsStrange { get; set; }
}

internal sealed class PixelRow
{
    public float[] Pixels { get; set; } = [];
}

internal sealed class MeanRow
{
    public float Mean { get; set; }
}
