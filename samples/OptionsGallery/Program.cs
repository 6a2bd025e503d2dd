// What does each option of generating change? The pictures of docs/options.md, drawn by the model that comes with the repository. Each file is one cell of a
// table there: the same garments and the same noise, one below the other, drawn with one value of one option. An argument names the folder to write to:
//   dotnet run -c Release --project samples/OptionsGallery -- docs/images/options
// --quick does the same with few pictures and few steps, to see that it runs.
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using OptionsGallery;

var (quick, clock) = (args.Contains("--quick"), Stopwatch.StartNew());
var artifacts = new Artifacts(args.FirstOrDefault(argument => argument != "--quick"), Path.Combine("OptionsGallery", quick ? "quick" : ""));
using var model = new MLContext(seed: 1).Model.Load(Path.Combine(AppContext.BaseDirectory, "garments.zip"), out _).GetDiffusion();
string[] kinds = quick ? ["Bag", "Dress"] : ["Ankle boot", "Bag", "Dress", "Pullover", "Sandal", "Trouser"];
var labels = kinds.Select(kind => model.ClassNames.ToList().IndexOf(kind)).ToArray();
var garments =
    kinds.Select(
        kind => FashionMnist.Read(FashionMnist.Unseen)
            .Where(garment => garment.Label == kind)
            .Select(garment => Picture.Copy(garment.Image))
            .First()).ToArray();
var generation = new GenerationOptions { Seed = 7, BatchSize = kinds.Length };

// 1. The number of steps, from the same noise.
foreach (var steps in (int[])[1, 2, 5, 10, 20, 50])
{
    Draw($"steps-{steps}", new DdimSampler(Few(steps)));
}

// 2. How much new noise each step draws.
foreach (var steps in (int[])[10, 100])
{
    foreach (var eta in (double[])[0, 0.5, 1])
    {
        Draw(Named($"eta-{eta}-steps-{steps}"), new DdimSampler(Few(steps), eta));
    }

    Draw($"sigma-hat-steps-{steps}", new DdimSampler(Few(steps), eta: 1) { UseSigmaHat = true });
}

// 3. Samplers, with 20 network calls; Heun's method makes 19, then 35.
Draw("sampler-ddpm", new DdpmSampler(Few(20)));
Draw("sampler-ddim", new DdimSampler(Few(20)));
Draw("sampler-dpm-solver", new DpmSolverSampler(Few(20)));
Draw("sampler-sde-dpm-solver", new DpmSolverSampler(Few(20), stochastic: true));
Draw("sampler-euler", new EulerSampler(Few(20)));
Draw("sampler-heun-10", new HeunSampler(Few(10)));
Draw("sampler-heun-18", new HeunSampler(Few(18)));

// 4. Which timesteps a run of eight visits.
var subsets = new (string Name, TimestepSubset Timesteps)[]
{
    ("uniform", TimestepSubset.Uniform(8)), ("trailing", TimestepSubset.Trailing(8)), ("linspace", TimestepSubset.Linspace(8)), ("quadratic", TimestepSubset.Quadratic(8)), ("karras", TimestepSubset.Karras(8)), ("log-snr", TimestepSubset.LogSnr(8)),
};
foreach (var (name, timesteps) in subsets)
{
    Draw($"subset-{name}", new DdimSampler { Timesteps = timesteps });
    Console.WriteLine(
        $"  {name}: {(name is "karras" or "log-snr" ? "levels between timesteps" : string.Join(", ", timesteps.Resolve(1000)))}");
}

// 5. What happens to predictions that leave the range of pictures, where guidance makes many.
Draw("clipping-none", new DdimSampler(Few(20)) { Clipping = Clipping.None }, guidance: 5);
Draw("clipping-static", new DdimSampler(Few(20)), guidance: 5);
Draw(
    "clipping-static-keep-noise",
    new DdimSampler(Few(20)) { Clipping = Clipping.Static() with { KeepPredictedNoise = true } },
    guidance: 5);
Draw("clipping-dynamic", new DdimSampler(Few(20)) { Clipping = Clipping.Dynamic(0.9) }, guidance: 5);

// 6. How far pictures are pushed towards their class.
foreach (var guidance in (double[])[0, 1, 1.5, 3, 5])
{
    Draw(Named($"guidance-{guidance}"), new DdimSampler(Few(50)), guidance);
}

Draw("guidance-5-rescaled", new DdimSampler(Few(50)), guidance: 5, rescale: 0.7);
Draw("guidance-5-interval", new DdimSampler(Few(50)), guidance: 5, sigmaMin: 0.5, sigmaMax: 10);

// 7. How deep a picture is noised before it is drawn anew.
Save("strength-0", garments);
foreach (var strength in (double[])[0.2, 0.4, 0.6, 0.8, 1])
{
    Save(
        Named($"strength-{strength}"),
        model.ImageToImage(garments, strength, generation with { Sampler = new DdimSampler(Few(50)) }, labels));
}

// 8. How a schedule turns one picture into noise.
var schedules = new (string Name, NoiseSchedule Schedule)[]
{
    ("linear", NoiseSchedule.Linear()), ("scaled-linear", NoiseSchedule.ScaledLinear()), ("cosine", NoiseSchedule.Cosine()), ("sigmoid", NoiseSchedule.Sigmoid()), ("sigmoid-cumulative", NoiseSchedule.SigmoidCumulative()),
};
foreach (var (name, schedule) in schedules)
{
    int[] timesteps = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 999];
    Save(
        $"schedule-{name}",
        [.. timesteps.Select(t => Picture.Noised(garments[0], schedule.AlphasCumulativeProduct[t], seed: 1))],
        columns: timesteps.Length);
    Console.WriteLine(
        $"  share of the signal's variance left: {string.Join(", ", timesteps.Select(t => schedule.AlphasCumulativeProduct[t].ToString("G2", CultureInfo.InvariantCulture)))}");
}

Console.WriteLine(
    FormattableString.Invariant(
        $"{kinds.Length} pictures a file: {string.Join(", ", kinds)}; seed {generation.Seed}, {clock.Elapsed.TotalMinutes:F1} minutes"));

int Few(int steps) => quick ? Math.Min(steps, 2) : steps;

static string Named(FormattableString name) => FormattableString.Invariant(name);

void Draw(
    string name,
    Sampler sampler,
    double guidance = 1,
    double rescale = 0,
    double sigmaMin = 0,
    double sigmaMax = double.PositiveInfinity) =>
    Save(
        name,
        model.Generate(
            labels,
            generation with
            {
                Sampler = sampler,
                GuidanceScale = guidance,
                GuidanceRescale = rescale,
                GuidanceSigmaMin = sigmaMin,
                GuidanceSigmaMax = sigmaMax,
            }));

void Save(string name, IReadOnlyList<MLImage> pictures, int columns = 1)
{
    using var grid = ImageGrid.Create([.. pictures.Select(picture => Picture.Doubled(picture))], columns, padding: 2);
    artifacts.Save(
        $"{name}.png",
        grid.Save,
        FormattableString.Invariant($"{pictures.Count} pictures, after {clock.Elapsed.TotalSeconds:F0} s"));
}
