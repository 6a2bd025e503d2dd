using System.Diagnostics;
using Experiments.Statistics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace Experiments;

/// <summary>
/// Table 1 of the DDIM paper (Song et al. 2021, section 5.1): the Frechet distance by the number of steps S and eta, where sigma-hat is the larger noise of
/// DDPM with eta 1. All cells draw the same classes from the same noise.
/// </summary>
internal static class Table1
{
    private static readonly (string Name, Func<TimestepSubset, DdimSampler> Sampler)[] _noises =
    [
        ("eta 0", timesteps => new(timesteps.NumberOfInferenceSteps, eta: 0) { Timesteps = timesteps }),
        ("eta 0.2", timesteps => new(timesteps.NumberOfInferenceSteps, eta: 0.2) { Timesteps = timesteps }),
        ("eta 0.5", timesteps => new(timesteps.NumberOfInferenceSteps, eta: 0.5) { Timesteps = timesteps }),
        ("eta 1", timesteps => new(timesteps.NumberOfInferenceSteps, eta: 1) { Timesteps = timesteps }),
        ("sigma-hat", timesteps => new(timesteps.NumberOfInferenceSteps, eta: 1) { Timesteps = timesteps, UseSigmaHat = true }),
    ];

    // FID of 50,000 images of CIFAR-10, by S = 10, 20, 50, 100, 1000 and eta as above.
    private static readonly int[] _paperSteps = [10, 20, 50, 100, 1000];

    private static readonly double[][] _paper =
    [
        [13.36, 6.84, 4.67, 4.16, 4.04],
        [14.04, 7.11, 4.77, 4.25, 4.09],
        [16.66, 8.35, 5.25, 4.46, 4.29],
        [41.07, 18.36, 8.01, 5.78, 4.73],
        [367.43, 133.37, 32.72, 9.99, 3.17],
    ];

    /// <summary>The names of the choices of S of the T timesteps; the first is the library's own, the others the paper's.</summary>
    public static readonly IReadOnlyList<string> Spacings = ["trailing", "uniform", "quadratic"];

    public static void Run(ExperimentRun run, string spacing)
    {
        using var model = run.LoadModel();
        var features = GarmentFeatures.Learn(run, model.ClassNames);
        var steps = run.Pick<int[]>([2, 4], [10, 20, 50, 100], _paperSteps);
        var bootstrap = new Bootstrap(run.Pick(20, 400, 1000), run.Seed, model.ClassNames.Count);
        var cells = steps.SelectMany(s => Cells(run, model, features, spacing, s, bootstrap)).ToList();
        Write(run, features, cells, steps, spacing);
        run.Save(
            "chart.svg",
            new LineChart("Frechet distance by steps and eta", "steps S", "Frechet distance") { LogarithmicX = true, LogarithmicY = true },
            _noises.Select(noise => (noise.Name, cells.Where(cell => cell.Noise == noise.Name).Select(cell => ((double)cell.Steps, cell.Distance)))));
        SaveSheet(run, model, [.. steps.Where(s => s < 1000)], spacing);
    }

    private static IEnumerable<Table1Cell> Cells(
        ExperimentRun run,
        DiffusionTransformer model,
        GarmentFeatures features,
        string spacing,
        int steps,
        Bootstrap bootstrap)
    {
        var store = new CellStore(run.PathOf("cells"));
        var count = run.Pick(20, steps <= 50 ? 1000 : 500, steps <= 50 ? 5000 : 1000);
        foreach (var (name, sampler) in _noises.Where(noise => steps < 1000 || noise.Name is "eta 0" or "sigma-hat"))
        {
            var key = $"S {steps}, {name}, N {count}, seed {run.Seed}, {spacing}, model {model.Digest}, {features.Settings}";
            var (rows, seconds) = store.Get(key, () =>
            {
                var clock = Stopwatch.StartNew();
                return (features.OfGenerated(model, count, run.Options(sampler(Timesteps(spacing, steps)))), clock.Elapsed.TotalSeconds);
            });
            var cell =
                new Table1Cell(
                    steps,
                    name,
                    count,
                    seconds,
                    features.Distance(rows),
                    bootstrap.Replicates(count, draw => features.Distance(draw.Select(row => rows[row]))));
            run.Tell($"S = {steps}, {name}: {cell.Distance:F2} {cell.Interval}, drawn in {seconds:F0} s");
            yield return cell;
        }
    }

    private static void Write(ExperimentRun run, GarmentFeatures features, List<Table1Cell> cells, int[] steps, string spacing)
    {
        var report = new Report("DDIM table 1: Frechet distance by steps and eta");
        var counts = steps.Select(s => (Steps: s, cells.First(cell => cell.Steps == s).Count)).ToList();
        var images = string.Join(", ", counts.Select(count => FormattableString.Invariant($"{count.Count:N0} (S = {count.Steps})")));
        report.Add($"`models/garments.zip`, {spacing} timesteps, the same classes and x_T in each cell; N = {images}; {cells.Sum(cell => cell.Seconds):F0} seconds of drawing.");
        var table = new ResultTable([new("noise"), .. steps.Select(s => new Column($"S = {s}"))]);
        foreach (var (name, _) in _noises)
        {
            table.Add([name, .. steps.Select(s => cells.Find(cell => cell.Steps == s && cell.Noise == name)?.ToString())]);
        }

        report.Add($"Frechet distance to the 10,000 garments that the model learned from, with 95 % bootstrap intervals (lower is better):", table);
        foreach (var equal in cells.GroupBy(cell => cell.Count))
        {
            report.Add($"Few images bias it upward: at N = {equal.Key:N0} the bootstrap finds {equal.Min(cell => cell.Bias):F2} to {equal.Max(cell => cell.Bias):F2} of it in a cell. {Math.Min(equal.Key, 4000):N0} real garments that the model has not seen have {features.DistanceOfUnseen(equal.Key):F2}.");
        }

        var paper = new ResultTable([new("noise"), .. _paperSteps.Select(s => new Column($"S = {s}", "F2"))]);
        foreach (var (i, noise) in _noises.Index())
        {
            paper.Add([noise.Name, .. _paper[i].Cast<object>()]);
        }

        report.Add($"The paper's FID (CIFAR-10, 50,000 images, quadratic timesteps; comparable in its order alone):", paper);
        Table1Order.Add(report, cells, steps, [.. _noises.Select(noise => noise.Name)], PaperOf);
        run.Write(report, Csv(cells));
    }

    private static double? PaperOf(int steps, string noise) => Array.IndexOf(_paperSteps, steps) is >= 0 and var column
        ? _paper[Array.FindIndex(_noises, row => row.Name == noise)][column]
        : null;

    private static ResultTable Csv(List<Table1Cell> cells)
    {
        var csv =
            new ResultTable(
                new Column("steps"), new("noise"), new("images"), new("seconds"), new("frechet_distance"), new("low"), new("high"), new("bias"));
        foreach (var cell in cells)
        {
            csv.Add(cell.Steps, cell.Noise, cell.Count, cell.Seconds, cell.Distance, cell.Interval.Low, cell.Interval.High, cell.Bias);
        }

        return csv;
    }

    private static TimestepSubset Timesteps(string spacing, int steps) => spacing switch
    {
        "uniform" => TimestepSubset.Uniform(steps),
        "quadratic" => TimestepSubset.Quadratic(steps),
        _ => TimestepSubset.Trailing(steps),
    };

    private static void SaveSheet(ExperimentRun run, DiffusionTransformer model, int[] steps, string spacing)
    {
        const int Columns = 10;
        var images = new List<MLImage>();
        foreach (var (_, sampler) in _noises)
        {
            foreach (var s in steps)
            {
                images.AddRange(model.Generate(model.ClassNames.Take(Columns), run.Options(sampler(Timesteps(spacing, s)))));
            }
        }

        run.Save(
            "sheet.png",
            images,
            Columns * steps.Length,
            $"from left to right S = {string.Join(", ", steps)}, from above {string.Join(", ", _noises.Select(noise => noise.Name))}; the same ten noises in each");
    }
}
