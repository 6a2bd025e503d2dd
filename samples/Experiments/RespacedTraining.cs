using Experiments.Statistics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>
/// "Why not train on S steps?": a model of T = 1000 timesteps, of which samplers take 20 (DDIM, section 4.2), beside one that learned these 20 alone, on the
/// schedule that they make. Both see as many images; an optimizer step costs both the same.
/// </summary>
internal static class RespacedTraining
{
    private const int Few = 20;

    public static void Run(ExperimentRun run)
    {
        var seeds = run.Pick(2, 3, 3);
        var (steps, count) = (run.Pick(2, 1500, 3000), run.Pick(20, 500, 1000));
        GarmentFeatures? features = null;
        var figures = new List<(string Model, string Sampler, int Steps, int Seed, double Distance)>();
        var sheet = new List<MLImage>();
        for (var seed = run.Seed; seed < run.Seed + seeds; seed++)
        {
            foreach (var (name, schedule) in Schedules())
            {
                using var model = Learning.Train(run, new() { Schedule = schedule, Prediction = PredictionType.VPrediction }, steps, seed);
                run.Tell($"seed {seed}, {name}: {RunTexts.Describe(model.Training!)}");
                features ??= GarmentFeatures.Learn(run, model.ClassNames);
                foreach (var sampler in Samplers(run, schedule))
                {
                    var drawn = run.Options(sampler) with { Seed = seed };
                    var distance = features.Distance(features.OfGenerated(model, count, drawn));
                    figures.Add((name, NameOf(sampler), sampler.Timesteps.NumberOfInferenceSteps, seed, distance));
                }

                sheet.AddRange(model.Generate(model.ClassNames, run.Options(new DdimSampler(Few))));
            }
        }

        Write(run, features!, figures, seeds, steps, count);
        var lines =
            figures.GroupBy(figure => $"{figure.Model}, {figure.Sampler}")
                .Select(line =>
                    (line.Key, line.GroupBy(figure => figure.Steps, figure => figure.Distance).OrderBy(point => point.Key).Select(point => ((double)point.Key, point.Average()))));
        run.Save(
            "chart.svg",
            new LineChart($"Frechet distance, mean of {seeds} seeds", "steps S", "Frechet distance") { LogarithmicX = true, LogarithmicY = true },
            lines);
        run.Save(
            "sheet.png",
            sheet,
            sheet.Count / (2 * seeds),
            $"DDIM, {Few} steps: for each seed a row of the model of T = 1000 and one of the model of {Few}");
    }

    private static string NameOf(Sampler sampler) => sampler is DdpmSampler ? "DDPM" : "DDIM, eta 0";

    private static (string Name, NoiseSchedule Schedule)[] Schedules()
    {
        var whole = NoiseSchedule.Cosine();
        return [("T = 1000", whole), ($"T = {Few}", whole.Respaced(TimestepSubset.Trailing(Few)))];
    }

    private static Sampler[] Samplers(ExperimentRun run, NoiseSchedule schedule) =>
        [
            new DdimSampler(Few),
            new DdpmSampler(Few),
            .. (schedule.NumberOfTrainingTimesteps == Few ? [] : run.Pick<int[]>([5], [5, 10, 50, 100], [5, 10, 50, 100]))
                .Select(s => new DdimSampler(s)),
        ];

    private static void Write(
        ExperimentRun run,
        GarmentFeatures features,
        List<(string Model, string Sampler, int Steps, int Seed, double Distance)> figures,
        int seeds,
        int steps,
        int count)
    {
        var report = new Report("Why not train on S steps?");
        report.Add($"Cosine schedule, v-prediction; {steps:N0} optimizer steps of {run.Pick(4, 32, 32)} for each model, {seeds} seeds, N = {count:N0} images a figure. {Math.Min(count, 4000):N0} unseen garments have {features.DistanceOfUnseen(count):F2}.");
        var all = Enumerable.Range(run.Seed, seeds).ToList();
        var table =
            new ResultTable(
                [new("learned on"), new("sampler"), new("steps S"), new("mean", "F2"), new("standard deviation", "F2"), .. all.Select(seed => new Column($"seed {seed}", "F2"))]);
        foreach (var row in figures.GroupBy(figure => (figure.Model, figure.Sampler, figure.Steps)).OrderBy(row => row.Key))
        {
            var values = row.OrderBy(figure => figure.Seed).Select(figure => figure.Distance).ToList();
            var deviation = Math.Sqrt(values.Sum(value => Math.Pow(value - values.Average(), 2)) / (values.Count - 1));
            table.Add([row.Key.Model, row.Key.Sampler, row.Key.Steps, values.Average(), deviation, .. values.Cast<object>()]);
        }

        report.Add($"Frechet distance to the garments learned from (lower is better):", table);
        foreach (var sampler in (string[])["DDIM, eta 0", "DDPM"])
        {
            double Of(string model, int seed) =>
                figures.Single(figure => (figure.Model, figure.Sampler, figure.Steps, figure.Seed) == (model, sampler, Few, seed)).Distance;
            var differences = all.Select(seed => Of("T = 1000", seed) - Of($"T = {Few}", seed)).ToList();
            report.Add($"With {Few} steps of {sampler} the model of T = 1000 is nearer to the garments in {differences.Count(difference => difference < 0)} of {seeds} seeds, by {Signed.Text(-differences.Average())} in the mean (each seed: {string.Join(", ", differences.Select(difference => Signed.Text(-difference)))}).");
        }

        var ddim = figures.Where(figure => figure.Model == "T = 1000" && figure.Sampler != "DDPM").GroupBy(figure => figure.Steps).ToList();
        var best = ddim.MinBy(row => row.Average(figure => figure.Distance))!;
        report.Add($"What the model of {Few} steps cannot do: that of T = 1000 takes any number of them, and has {best.Average(figure => figure.Distance):F2} at its best, S = {best.Key}.");
        run.Write(report, table);
    }
}
