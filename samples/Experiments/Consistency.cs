using Experiments.Statistics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace Experiments;

/// <summary>
/// Sections 5.2 and 5.3 of the DDIM paper (Song et al. 2021, figures 5 and 6): one x_T gives nearly one image whatever the number of steps, if eta is 0; so
/// what lies between two x_T, on the sphere, leads to what lies between two images.
/// </summary>
internal static class Consistency
{
    private const int Shown = 8;

    private static readonly double[] _etas = [0, 1];

    public static void Run(ExperimentRun run)
    {
        using var model = run.LoadModel();
        var steps = run.Pick<int[]>([2, 4, 8], [10, 20, 50, 100, 1000], [10, 20, 50, 100, 200, 500, 1000]);
        var classes = model.ClassNames.Count;
        int[] labels = [.. Enumerable.Range(0, run.Pick(2, 10, 50) * classes).Select(i => i % classes)];
        var images = new Dictionary<(double Eta, int Steps), MLImage[]>();
        foreach (var eta in _etas)
        {
            foreach (var s in steps)
            {
                images[(eta, s)] = model.Generate(labels, run.Options(new DdimSampler(s, eta)));
                run.Tell($"eta {eta}, S = {s}");
            }
        }

        // Of the same classes, from other noise: what two images that have nothing to do with each other differ by.
        var finest = images[(0, steps[^1])];
        var others = Garments.Difference(finest, [.. finest[classes..], .. finest[..classes]]);
        var distances =
            steps.SkipLast(1)
                .Select(s => (Steps: s, Differences: Array.ConvertAll(_etas, eta => Garments.Difference(images[(eta, s)], images[(eta, steps[^1])]))))
                .ToList();
        Write(run, distances, others, labels.Length, steps[^1]);
        run.Save(
            "chart.svg",
            new LineChart($"Distance to the images of {steps[^1]} steps from the same x_T", "steps S", "levels of 256") { LogarithmicX = true },
            [
                .. _etas.Select((eta, i) => ($"eta {(int)eta}", distances.Select(row => ((double)row.Steps, row.Differences[i])))),
                ("other noise", distances.Select(row => ((double)row.Steps, others))),
            ]);
        var sheet = Enumerable.Range(0, Shown).SelectMany(i => _etas.SelectMany(eta => steps.Select(s => Copy(images[(eta, s)][i])))).ToList();
        run.Save(
            "sheet.png",
            sheet,
            _etas.Length * steps.Length,
            $"a row for each x_T; from left to right S = {string.Join(", ", steps)} with eta 0, then the same with eta 1");
        SaveInterpolation(run, model);
        foreach (var image in images.Values.SelectMany(all => all))
        {
            image.Dispose();
        }
    }

    private static void Write(ExperimentRun run, List<(int Steps, double[] Differences)> distances, double others, int count, int finest)
    {
        var report = new Report("Consistency: one x_T at several numbers of steps (DDIM, section 5.2)");
        report.Add($"`models/garments.zip`, N = {count:N0} noises, trailing timesteps; root mean square of a pixel's distance to the image of S = {finest} from the same x_T, in levels of 256.");
        var table = new ResultTable(new Column("steps S"), new("eta 0", "F1"), new("eta 1", "F1"));
        foreach (var (steps, differences) in distances)
        {
            table.Add(steps, differences[0], differences[1]);
        }

        report.Add($"Images of the same classes from other x_T differ by {others:F1}:", table);
        var last = distances[^1];
        report.Add($"With eta 0 the image of S = {distances[0].Steps} is {distances[0].Differences[0] / others:P0} as far from that of S = {finest} as another image is, and that of S = {last.Steps} {last.Differences[0] / others:P0}; with eta 1 {distances[0].Differences[1] / others:P0} and {last.Differences[1] / others:P0}. {(distances.All(row => row.Differences[0] < row.Differences[1]) ? "At each S eta 0 is nearer, as the paper says: x_T alone decides the image." : "Not at each S eta 0 is nearer, unlike what the paper says.")}");
        run.Write(report, table);
    }

    // Figure 6.
    private static void SaveInterpolation(ExperimentRun run, DiffusionTransformer model)
    {
        const int Columns = 11;
        var (rows, steps) = (run.Pick(2, 6, 6), run.Pick(4, 50, 50));
        var pairs = Enumerable.Range(0, rows).Select(i => (SeedA: run.Seed + 100L + (2 * i), SeedB: run.Seed + 101L + (2 * i))).ToArray();
        double[] alphas = [.. Enumerable.Range(0, Columns).Select(i => (double)i / (Columns - 1))];
        var options =
            new InterpolationOptions { Sampler = new DdimSampler(steps), BatchSize = Columns, Seed = run.Seed, CancellationToken = run.CancellationToken };
        run.Save(
            "interpolation.png",
            model.InterpolateGrid(pairs, alphas, options),
            Columns,
            $"a row for each pair of x_T, whose own images are at the ends, along the sphere between them; S = {steps}");
    }

    private static MLImage Copy(MLImage image) => MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels);
}
