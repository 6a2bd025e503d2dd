using Experiments.Statistics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>
/// Table 2 of the DDIM paper (Song et al. 2021, section 5.4): images encoded to x_T by DDIM with eta 0 and decoded again, and the mean squared error of a
/// dimension, with colours in [0, 1] as the paper has them. Garments that the model has not seen, without their classes.
/// </summary>
internal static class Table2
{
    private static readonly int[] _paperSteps = [10, 20, 50, 100, 200, 500, 1000];
    private static readonly double[] _paper = [0.014, 0.0065, 0.0023, 0.0009, 0.0004, 0.0001, 0.0001]; // of CIFAR-10's test set

    public static void Run(ExperimentRun run)
    {
        using var model = run.LoadModel();
        int[] steps = run.Pick<int[]>([5, 10], _paperSteps, _paperSteps);
        var images = Garments.Images(FashionMnist.Unseen, run.Pick(4, 200, 500));
        var errors = new List<(int Steps, double Mean, double StandardError, double Seconds)>();
        foreach (var s in steps)
        {
            var start = run.Seconds;
            var ofImages = images.Chunk(50).SelectMany(part => model.ReconstructionError(part, run.Options(new DdimSampler(s)))).ToList();
            var mean = ofImages.Average();
            var deviation = Math.Sqrt(ofImages.Sum(error => (error - mean) * (error - mean)) / (ofImages.Count - 1));
            errors.Add((s, mean, deviation / Math.Sqrt(ofImages.Count), run.Seconds - start));
            run.Tell($"S = {s}: {mean:G3}");
        }

        Write(run, errors, images.Length);
        run.Save(
            "chart.svg",
            new LineChart("Reconstruction error by steps", "steps S", "mean squared error, colours in [0, 1]") { LogarithmicX = true, LogarithmicY = true },
            ("garments", errors.Select(error => ((double)error.Steps, error.Mean))),
            ("paper, CIFAR-10", _paperSteps.Zip(_paper, (s, error) => ((double)s, error))));
        SaveSheet(run, model, images[..Math.Min(10, images.Length)], steps);
        Array.ForEach(images, image => image.Dispose());
    }

    private static void Write(ExperimentRun run, List<(int Steps, double Mean, double StandardError, double Seconds)> errors, int count)
    {
        var report = new Report("DDIM table 2: reconstruction error by steps");
        report.Add($"`models/garments.zip`, N = {count:N0} unseen garments, encoded and decoded by DDIM with eta 0 over trailing timesteps.");
        var table =
            new ResultTable(
                new Column("steps S"), new("error", "F5"), new("standard error", "F5"), new("paper, CIFAR-10", "F4"), new("seconds", "F1"));
        foreach (var (steps, mean, standardError, seconds) in errors)
        {
            table.Add(steps, mean, standardError, Array.IndexOf(_paperSteps, steps) is >= 0 and var i ? _paper[i] : null, seconds);
        }

        report.Add($"Mean squared error of a dimension, colours in [0, 1]:", table);
        var falls = errors.Zip(errors.Skip(1), (fewer, more) => more.Mean < fewer.Mean).ToList();
        var (mine, theirs) = (Power(errors.Select(error => (error.Steps, error.Mean))), Power(_paperSteps.Zip(_paper)));
        report.Add($"More steps lower the error in {falls.Count(fell => fell)} of {falls.Count} cases, the paper's in all but the last, where its four digits end. Up to S = 100 it falls with the power {-mine:F1} of S; the paper's with {-theirs:F1}. From the fewest steps to the most it falls {errors[0].Mean / errors[^1].Mean:F0}-fold; the paper's {_paper[0] / _paper[^1]:F0}-fold.");
        run.Write(report, table);
    }

    // The slope on logarithmic scales, where the error is not yet that of rounding.
    private static double Power(IEnumerable<(int Steps, double Error)> errors) => LineFit.Of(
        [.. errors.Where(error => error.Steps <= 100).Select(error => (Math.Log(error.Steps), Math.Log(error.Error)))]).Slope;

    private static void SaveSheet(ExperimentRun run, DiffusionTransformer model, MLImage[] images, int[] steps)
    {
        var sheet = images.Select(image => MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels)).ToList();
        foreach (var s in steps)
        {
            var options = run.Options(new DdimSampler(s));
            sheet.AddRange(model.Decode(model.Encode(images, options), options));
        }

        run.Save("sheet.png", sheet, images.Length, $"from above the garments, and what comes back with S = {string.Join(", ", steps)}");
    }
}
