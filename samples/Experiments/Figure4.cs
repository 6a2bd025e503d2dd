using System.Diagnostics;
using Experiments.Statistics;
using Microsoft.ML;
using Microsoft.ML.Diffusion;

namespace Experiments;

/// <summary>
/// Figure 4 of the DDIM paper (Song et al. 2021): how long images take by the number of steps, a straight line; and hours for 50,000 images, beside what its
/// introduction says of the time on one Nvidia 2080 Ti: around 20 hours by DDPM, less than a minute by a GAN, at 32x32.
/// </summary>
internal static class Figure4
{
    private const string Student = "student";
    private const int Images = 50_000;
    private const double PaperHours = 20;
    private const double GanMinutes = 1;
    private const int Rounds = 3;
    private const double Guidance = 2; // that of models/garments-4.zip, which learned it

    public static void Run(ExperimentRun run, IReadOnlyList<string> students)
    {
        using var model = run.LoadModel();
        var runs =
            run.Pick<int[]>([2, 4, 8], [10, 20, 50, 100], [10, 20, 50, 100, 200, 500, 1000])
                .Select(s => new TimedSampler("DDIM", model, new DdimSampler(s)))
                .ToList();
        var line = runs.Count;
        runs.Add(new("DDIM", model, new DdimSampler(run.Pick(8, 50, 50)), Guidance));
        runs.Add(new("DPM-Solver++", model, new DpmSolverSampler(run.Pick(2, 10, 10))));
        runs.Add(new("DDPM", model, new DdpmSampler(run.Pick(10, 1000, 1000))));
        var models = students.Select(run.Context.Diffusion.LoadDiffusionModel).ToList();
        runs.AddRange(models.Select(student => new TimedSampler(Student, student, student.Generation.Sampler)));

        // Rounds in turn: what else the machine does falls on all alike. The first warms up.
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var timed in runs)
            {
                timed.Measure(run, round == 0 ? 2 : run.Pick(2, 32, 64));
            }

            run.Tell($"round {round} of {Rounds}");
        }

        var points = runs.Take(line).Select(timed => ((double)timed.Calls, timed.Median)).ToList();
        Write(run, runs, points);
        run.Save(
            "chart.svg",
            new LineChart("Time by steps", "network calls of an image", "seconds an image") { LogarithmicX = true, LogarithmicY = true },
            [("DDIM", points), .. runs.Skip(line).Select(timed => (timed.Name, (IEnumerable<(double, double)>)[(timed.Calls, timed.Median)]))]);
        models.ForEach(student => student.Dispose());
    }

    private static void Write(ExperimentRun run, List<TimedSampler> runs, List<(double X, double Y)> points)
    {
        var report = new Report("DDIM figure 4: time by steps");
        report.Add($"`models/garments.zip`, 28x28; medians of {Rounds} rounds in turn after one to warm up, of {run.Pick(2, 32, 64)} images or, in few steps, more.");
        var table =
            new ResultTable(
                new Column("sampler"), new("network calls", "N0"), new("ms an image", "F2"), new("images an hour", "N0"), new($"hours for {Images:N0}", "F3"));
        foreach (var timed in runs)
        {
            table.Add(timed.Name, timed.Calls, 1000 * timed.Median, 3600 / timed.Median, Hours(timed));
        }

        report.Add($"Time, this machine's {Environment.ProcessorCount} cores:", table);
        report.Add($"Paper, one Nvidia 2080 Ti, 32x32: around {PaperHours} hours for {Images:N0} images by DDPM, less than a minute by a GAN.");
        var fit = LineFit.Of(points);
        var (slowest, fastest) = (runs.MaxBy(timed => timed.Median)!, runs.MinBy(timed => timed.Median)!);
        report.Add($"The line through DDIM's times: {1000 * fit.Intercept:F2} ms and {1000 * fit.Slope:F3} ms a step, R^2 = {fit.RSquared:F5}: {(fit.RSquared > 0.99 ? "straight, as in the paper" : "not as straight as the paper's")}.");
        report.Add($"{Images:N0} images take {Hours(slowest):F2} hours by {slowest.Name}, and {60 * Hours(fastest):F1} minutes by {fastest.Name}: {slowest.Median / fastest.Median:F0} times as fast, and {60 * Hours(fastest) / GanMinutes:F1} times the GAN's minute. DDIM's runs here are {slowest.Median / points.Max(point => point.Y):F0} to {slowest.Median / points.Min(point => point.Y):F0} times as fast as {slowest.Name}; the paper says 10 to 50 times for images of comparable quality.");
        var guided = runs.Single(timed => timed.IsGuided);
        var students =
            runs.Where(timed => timed.IsStudent)
                .Select(timed => FormattableString.Invariant($"{guided.Median / timed.Median:F0} times ({timed.Name})"));
        report.Add($"Beside the {guided.Steps} steps with guidance that they stand for, students are {string.Join(", ", students)} as fast.");
        run.Write(report, table);
    }

    private static double Hours(TimedSampler timed) => Images * timed.Median / 3600;

    private sealed class TimedSampler(string kind, DiffusionTransformer model, Sampler sampler, double guidance = 1)
    {
        private readonly List<double> _seconds = []; // an image, of each round

        public string Name => $"{kind}, {Steps} {(Steps == 1 ? "step" : "steps")}{(IsGuided ? ", guided" : "")}";

        public int Steps => sampler.Timesteps.NumberOfInferenceSteps;

        public int Calls => IsGuided ? 2 * Steps : Steps;

        public bool IsGuided => guidance != 1;

        public bool IsStudent => kind == Student;

        public double Median => Bootstrap.Quantile(_seconds.Count > 1 ? _seconds[1..] : _seconds, 0.5);

        // A few steps are over soon: more images, so that there is something to time.
        public void Measure(ExperimentRun run, int images)
        {
            var count = images * Math.Max(1, 20 / Steps);
            int[] labels = [.. Enumerable.Range(0, count).Select(i => i % model.ClassNames.Count)];
            var clock = Stopwatch.StartNew();
            var drawn = model.Generate(labels, run.Options(sampler) with { GuidanceScale = guidance });
            _seconds.Add(clock.Elapsed.TotalSeconds / count);
            Array.ForEach(drawn, image => image.Dispose());
        }
    }
}
