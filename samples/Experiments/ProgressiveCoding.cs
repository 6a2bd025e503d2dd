using Experiments.Statistics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>
/// Section 4.3 of the DDPM paper (Ho et al. 2020, algorithms 3 and 4, figure 5): a code that sends x_T, then what each step needs to know more. After the steps
/// down to t the receiver has x_t, for L_T + ... bits in all, and decodes the image that the network predicts from it.
/// </summary>
internal static class ProgressiveCoding
{
    private const int Shown = 10;

    private const double PaperRate = 1.78, PaperLastTerm = 1.97, PaperError = 0.95; // CIFAR-10's test set, section 4.3

    public static void Run(ExperimentRun run)
    {
        using var model = run.LoadModel();
        var images = Garments.Images(FashionMnist.Unseen, run.Pick(4, 100, 1000));
        var bits =
            model.EvaluateLikelihood(
                images,
                new LikelihoodOptions
                {
                    NumberOfTimesteps = run.Pick<int?>(10, null, null),
                    Seed = run.Seed,
                    BatchSize = 50,
                    CancellationToken = run.CancellationToken,
                });
        run.Tell($"rates: {bits}");
        var last = model.Schedule.NumberOfTrainingTimesteps - 1;
        var spacing = run.Pick(500, 50, 25);
        int[] timesteps = [0, .. run.Pick<int[]>([], [1, 2, 5, 10, 20], [1, 2, 5, 10, 20]), .. Enumerable.Range(1, last / spacing).Select(i => spacing * i), last];
        var points =
            timesteps.OrderDescending()
                .Select(t => (Timestep: t, Rate: RateBefore(bits, t), Error: Distortion(run, model, images, t)))
                .ToList();
        run.Tell($"distortions of {points.Count} timesteps");
        Write(run, bits, points, images.Length);
        const string Time = "timestep t", Rate = "bits per dimension", Error = "root mean squared error, levels of 256";
        run.Save(
            "distortion.svg",
            new LineChart("Distortion over time", Time, Error) { FallingX = true },
            ("distortion", points.Select(point => ((double)point.Timestep, point.Error))));
        run.Save(
            "rate.svg",
            new LineChart("Rate over time", Time, Rate) { FallingX = true },
            ("rate", points.Select(point => ((double)point.Timestep, point.Rate))));
        run.Save(
            "rate-distortion.svg",
            new LineChart("Distortion by rate", Rate, Error),
            ("distortion", points.Select(point => (point.Rate, point.Error))));
        SaveSheet(run, model, images[..Math.Min(Shown, images.Length)], points);
        Array.ForEach(images, image => image.Dispose());
    }

    // What has been sent when the receiver has x_t: L_T and the divergences of the steps above t.
    private static double RateBefore(LikelihoodMetrics bits, int timestep) => bits.Prior
        + bits.Timesteps.Select((t, i) => t > timestep ? bits.Weights[i] * bits.Terms[i] : 0).Sum();

    // Eq. 15 at x_t ~ q(x_t | x_0): a run of one step, from t to the clean image, is the network's prediction of it.
    private static MLImage[] Predicted(ExperimentRun run, DiffusionTransformer model, MLImage[] images, int timestep)
    {
        var sampler = new DdimSampler { Timesteps = TimestepSubset.Of(timestep) };
        return [.. images.Chunk(100).SelectMany((part, i) => model.Decode(model.AddNoise(part, timestep, run.Seed + i), run.Options(sampler)))];
    }

    private static double Distortion(ExperimentRun run, DiffusionTransformer model, MLImage[] images, int timestep)
    {
        var predicted = Predicted(run, model, images, timestep);
        var distortion = Garments.Difference(predicted, images);
        Array.ForEach(predicted, image => image.Dispose());
        return distortion;
    }

    private static void Write(ExperimentRun run, LikelihoodMetrics bits, List<(int Timestep, double Rate, double Error)> points, int count)
    {
        var report = new Report("DDPM's progressive coding: rate and distortion over time (figure 5)");
        report.Add($"`models/garments.zip`, N = {count:N0} unseen garments without their classes, {bits.Timesteps.Count:N0} of 1,000 terms of the bound; {bits}.");
        var table = new ResultTable(new Column("timestep t"), new("rate, bits per dimension", "F3"), new("distortion, levels of 256", "F2"));
        foreach (var (timestep, rate, error) in points)
        {
            table.Add(timestep, rate, error);
        }

        report.Add($"What is sent until the receiver has x_t, and the root mean squared error of the image predicted from it, rounded to 256 levels:", table);
        var (end, rates) = (points[^1], bits.Prior + bits.Divergence);
        var half = points.First(point => point.Rate >= rates / 2);
        report.Add($"The paper (CIFAR-10): a rate of {PaperRate} bits per dimension and {PaperLastTerm} more for the last, imperceptible term; a distortion of {PaperError} levels.");
        report.Add($"Here {rates:F2} bits and {bits.Decoder:F2} for the last term, {bits.Decoder / bits.BitsPerDimension:P0} of the whole (the paper's {PaperLastTerm / (PaperRate + PaperLastTerm):P0}: {(bits.Decoder > rates == PaperLastTerm > PaperRate ? "on the same side of one half" : "on the other side of one half")}); a distortion of {end.Error:F2} levels at the end. From the first prediction, {points[0].Error:F1} levels, half of the rate takes it to {half.Error:F1}: {(points[0].Error - half.Error) / (points[0].Error - end.Error):P0} of the way, so that {((points[0].Error - half.Error) > 0.5 * (points[0].Error - end.Error) ? "the first bits buy the most, as in the paper's figure" : "the first bits do not buy the most, unlike in the paper's figure")}.");
        run.Write(report, table);
    }

    private static void SaveSheet(ExperimentRun run, DiffusionTransformer model, MLImage[] images, List<(int Timestep, double Rate, double Error)> points)
    {
        var rows = points.Where(point => point.Timestep % 100 is 0 or 99).ToList();
        var sheet = rows.SelectMany(point => Predicted(run, model, images, point.Timestep)).ToList();
        sheet.AddRange(images.Select(image => MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels)));
        run.Save(
            "sheet.png",
            sheet,
            images.Length,
            $"predicted images at {string.Join(", ", rows.Select(point => FormattableString.Invariant($"{point.Rate:F2}")))} bits per dimension, and the garments themselves");
    }
}
