// The ways between pictures: on the sphere of DDIM's noise and straight, between real garments and between seeds; and one noise at several numbers of
// steps. With the model that comes with the repository. --quick does the same with few steps, to see that it runs.
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

const int Seed = 1;
const int Columns = 9;
var quick = args.Contains("--quick");
var (rows, steps) = quick ? (1, 4) : (6, 50);
var clock = Stopwatch.StartNew();
var artifacts = new Artifacts(null, Path.Combine("Interpolation", quick ? "quick" : ""));
using var model = new MLContext(Seed).Model.Load(Path.Combine(AppContext.BaseDirectory, "garments.zip"), out _).GetDiffusion();

// 1. Between real garments: the first and the last column are the pictures themselves, their neighbours what the model makes of them.
var garments =
    FashionMnist.Read()
        .Take(2 * rows)
        .Select(garment =>
            MLImage.CreateFromPixels(garment.Image.Width, garment.Image.Height, garment.Image.PixelFormat, garment.Image.Pixels))
        .ToArray();
var sphere = new InterpolationOptions { Sampler = new DdimSampler(steps), BatchSize = Columns, Seed = Seed };
var line =
    new InterpolationOptions { Path = InterpolationPath.Linear, Sampler = new DdpmSampler(2 * steps), BatchSize = Columns, Seed = Seed };
foreach (var (name, options) in new[] { ("slerp", sphere), ("lerp", line) })
{
    Save(
        $"between-garments-{name}.png",
        Columns + 2,
        [.. garments.Chunk(2).SelectMany(pair => (MLImage[])[pair[0], .. model.Interpolate(pair[0], pair[1], Columns, options), pair[1]])]);
}

// 2. Between seeds: every picture is a sample of the model; its noise lies on the great circle between those of the ends.
double[] alphas = [.. Enumerable.Range(0, Columns).Select(i => (double)i / (Columns - 1))];
var pairs = Enumerable.Range(0, rows).Select(i => (SeedA: 100L + (2 * i), SeedB: 101L + (2 * i))).ToArray();
Save("between-seeds-slerp.png", Columns, model.InterpolateGrid(pairs, alphas, sphere));

// 3. One noise, more and more steps: the large features stay, details come (Song et al. 2021, figure 5).
int[] numbersOfSteps = quick ? [2, 4] : [5, 10, 20, 50, 100];
var consistent =
    numbersOfSteps.Select(
        count => model.Generate(
            Columns,
            new GenerationOptions { Sampler = new DdimSampler(count), Seed = Seed, BatchSize = Columns })).ToArray();
Save("one-noise.png", Columns, [.. consistent.SelectMany(images => images)]);
for (var i = 0; i + 1 < consistent.Length; i++)
{
    Console.WriteLine(
        FormattableString.Invariant(
            $"  {numbersOfSteps[i],3} steps differ from {numbersOfSteps[^1]} by {Difference(consistent[i], consistent[^1]):F1} levels of 256 (root mean square), from other pictures by {Difference(consistent[i], [.. consistent[^1].Skip(1), consistent[^1][0]]):F1}"));
}

Console.WriteLine(FormattableString.Invariant($"{rows} rows of {Columns}, seed {Seed}, {clock.Elapsed.TotalMinutes:F1} minutes"));

void Save(string name, int columns, IReadOnlyList<MLImage> images)
{
    using var grid = ImageGrid.Create(images, columns, padding: 1);
    artifacts.Save(name, grid.Save, FormattableString.Invariant($"{images.Count} pictures, after {clock.Elapsed.TotalSeconds:F0} s"));
}

static double Difference(MLImage[] first, MLImage[] second) =>
    Math.Sqrt(
        first.Zip(second, (a, b) =>
            a.Pixels.ToArray()
                .Zip(b.Pixels.ToArray(), (x, y) => (double)(x - y) * (x - y))
                .Where((_, i) => i % 4 == 0)
                .Average()).Average());
