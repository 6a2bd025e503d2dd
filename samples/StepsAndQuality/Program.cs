// How few steps are enough, and what does eta cost? The shape of table 1 of the DDIM paper (Song et al. 2021): the Frechet distance of drawn garments
// by the number of steps and eta, where sigma-hat is the larger noise of eta 1. The model is models/garments.zip, which learned from 10,000
// garments; the distance is that to 4,000 which neither it nor the features' network has seen, on 32 features of a small classifier trained here. Other
// features give other figures, and so do other counts: the distance of few pictures is biased upward, by what the last line shows for real ones.
// --quick does the same with a tiny budget, to see that it runs.
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Transforms.Image;
using StepsAndQuality;

const int Seed = 1;
var (quick, clock) = (args.Contains("--quick"), Stopwatch.StartNew());
var (count, epochs, learned) = quick ? (10, 1, 500) : (200, 6, 10_000);
int[] steps = quick ? [2, 5] : [5, 10, 20, 50];
var samplers = new (string Name, Func<int, DdimSampler> Create)[]
{
    ("eta 0", count => new DdimSampler(count, eta: 0)),
    ("eta 0.2", count => new DdimSampler(count, eta: 0.2)),
    ("eta 0.5", count => new DdimSampler(count, eta: 0.5)),
    ("eta 1", count => new DdimSampler(count, eta: 1)),
    ("sigma-hat", count => new DdimSampler(count, eta: 1) { UseSigmaHat = true }),
};
var mlContext = new MLContext(Seed);
var artifacts = new Artifacts(null, "StepsAndQuality");
using var model = mlContext.Model.Load(Path.Combine(AppContext.BaseDirectory, "garments.zip"), out _).GetDiffusion();

// 1. Features: any step that makes a vector column of images serves. Here a network sees them.
var network = FeatureNetwork.Train(Labelled(FashionMnist.Read().Take(learned)), epochs, Seed);
var unseen = mlContext.Data.LoadFromEnumerable(FashionMnist.Read(FashionMnist.Unseen));
Console.WriteLine(
    FormattableString.Invariant(
        $"The features' network tells {network.Accuracy(Labelled(FashionMnist.Read(FashionMnist.Unseen))):P1} of unseen garments right, after {clock.Elapsed.TotalSeconds:F0} s."));
var features = mlContext.Transforms.ExtractPixels("Pixels", "Image", colorsToExtract: ImagePixelExtractingEstimator.ColorBits.Red, scaleImage: 1 / 255f)
    .Append(mlContext.Transforms.CustomMapping<PixelRow, FeatureRow>(
        (row, result) => result.Features = network.Features(row.Pixels),
        contractName: null));
var real = mlContext.Data.Cache(WithFeatures(unseen));

// 2. Each cell draws the same classes from the same noise.
List<MLImage> pictures = [];
var distances = samplers.Select(sampler => steps.Select(stepCount => Distance(sampler.Name, sampler.Create(stepCount))).ToArray()).ToList();

// 3. The table, the paper's and a chart.
Console.WriteLine($"\nFrechet distance of {count} drawn garments to 4,000 unseen ones, seed {Seed}:");
PrintTable(steps, samplers.Select((sampler, i) => (sampler.Name, (IReadOnlyList<double>)distances[i])));
Console.WriteLine("The paper's, of 50,000 pictures of CIFAR-10 on Inception's features (not comparable but in shape; it has no 5 steps):");
PrintTable(
    [10, 20, 50],
    [
        ("eta 0", [13.36, 6.84, 4.67]),
        ("eta 0.2", [14.04, 7.11, 4.77]),
        ("eta 0.5", [16.66, 8.35, 5.25]),
        ("eta 1", [41.07, 18.36, 8.01]),
        ("sigma-hat", [367.43, 133.37, 32.72]),
    ]);
Console.WriteLine(
    FormattableString.Invariant(
        $"Its claim, that a lower eta is better at few steps: here {distances[0][0]:F1} at eta 0 and {distances[3][0]:F1} at eta 1 with {steps[0]} steps; {distances[0][^1]:F1} and {distances[3][^1]:F1} with {steps[^1]}."));
var first =
    mlContext.Diffusion.Evaluate(
        mlContext.Data.SkipRows(real, count),
        mlContext.Data.TakeRows(real, count),
        options: new() { Seed = Seed });
Console.WriteLine(
    FormattableString.Invariant($"For comparison, {count} real garments to the other unseen ones: {first.FrechetDistance:F1}."));

artifacts.Save(
    "chart.svg",
    path => Chart.Save(
        path,
        $"{count} drawn garments a point",
        steps,
        samplers.Select((sampler, i) => (sampler.Name, (IReadOnlyList<double>)distances[i]))),
    "the table");
using var grid = ImageGrid.Create(pictures, columns: 10 * steps.Length, padding: 1);
artifacts.Save(
    "pictures.png",
    grid.Save,
    $"from left to right {string.Join(", ", steps)} steps, from above {string.Join(", ", samplers.Select(sampler => sampler.Name))}; the same ten noises in each");
Console.WriteLine(FormattableString.Invariant($"{clock.Elapsed.TotalMinutes:F1} minutes"));

double Distance(string name, DdimSampler sampler)
{
    var drawn =
        mlContext.Diffusion.GenerateDataView(model, count, model.ClassNames, new GenerationOptions { Sampler = sampler, Seed = Seed });
    var rows = mlContext.Data.Cache(WithFeatures(drawn), "Features");
    var metrics = mlContext.Diffusion.Evaluate(real, rows, options: new() { Seed = Seed });
    pictures.AddRange(model.Generate(model.ClassNames.Take(10), new GenerationOptions { Sampler = sampler, Seed = Seed }));
    Console.WriteLine(FormattableString.Invariant($"{name,-10} {sampler.Timesteps}: {metrics}; after {clock.Elapsed.TotalSeconds:F0} s"));
    return metrics.FrechetDistance;
}

IDataView WithFeatures(IDataView rows) => features.Fit(rows).Transform(rows);

(float[] Pixels, long Label)[] Labelled(IEnumerable<Garment> garments) =>
    [.. garments.Select(
        garment =>
            (
                garment.Image.Pixels.ToArray().Where((_, i) => i % 4 == 0).Select(level => level / 255f).ToArray(),
                (long)model.ClassNames.ToList().IndexOf(garment.Label)))];

static void PrintTable(IReadOnlyList<int> steps, IEnumerable<(string Name, IReadOnlyList<double> Values)> lines)
{
    Console.WriteLine($"  {"steps",-10}{string.Concat(steps.Select(count => $"{count,9}"))}");
    foreach (var (name, values) in lines)
    {
        Console.WriteLine($"  {name,-10}{string.Concat(values.Select(value => FormattableString.Invariant($"{value,9:F2}")))}");
    }
}

internal sealed class PixelRow
{
    [VectorType(FashionMnist.Size * FashionMnist.Size)]
    public float[] Pixels { get; set; } = [];
}

internal sealed class FeatureRow
{
    [VectorType(FeatureNetwork.NumberOfFeatures)]
    public float[] Features { get; set; } = [];
}
