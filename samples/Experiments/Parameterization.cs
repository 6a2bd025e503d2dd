using Experiments.Statistics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>
/// Table 2 of the DDPM paper (Ho et al. 2020, section 4.2) in the library's terms: what the network predicts, by which loss, and with which variance of the
/// reverse steps. The paper's other prediction, of the posterior's mean, is not one of the library's; x_0, which that mean is a multiple of but for x_t, and v are.
/// </summary>
internal static class Parameterization
{
    private static readonly (string Name, PredictionType Prediction)[] _predictions =
        [("epsilon", PredictionType.Epsilon), ("x_0", PredictionType.Sample), ("v", PredictionType.VPrediction)];

    private static readonly (string Name, TrainingLoss Loss, ModelVariance Variance)[] _losses =
    [
        ("L_simple", TrainingLoss.Simple, ModelVariance.Fixed),
        ("L, the bound", TrainingLoss.Variational, ModelVariance.Fixed),
        ("L, the bound", TrainingLoss.Variational, ModelVariance.LearnedRange),
        ("L_simple + 0.001 L", TrainingLoss.Hybrid, ModelVariance.LearnedRange),
    ];

    public static void Run(ExperimentRun run)
    {
        var (steps, count) = (run.Pick(2, 600, 2000), run.Pick(10, 300, 600));
        var (sampling, judged) = (run.Pick(2, 100, 200), run.Pick(2, 50, 100));
        var unseen = Garments.Images(FashionMnist.Unseen, judged);
        GarmentFeatures? features = null;
        var cells = new List<ParameterizationCell>();
        var sheet = new List<MLImage>();
        foreach (var (prediction, type) in _predictions)
        {
            foreach (var (loss, kind, variance) in _losses)
            {
                var options =
                    new DiffusionOptions
                    {
                        Schedule = NoiseSchedule.Linear(), // the paper's
                        Prediction = type,
                        Variance = variance,
                        Training = new() { Loss = kind },
                    };
                using var model = Learning.Train(run, options, steps, run.Seed);
                run.Tell($"{prediction}, {loss}, {variance}: {RunTexts.Describe(model.Training!)}");
                features ??= GarmentFeatures.Learn(run, model.ClassNames);
                foreach (var ofStep in Variances(variance))
                {
                    var drawn = run.Options(new DdpmSampler(sampling, ofStep));
                    var bits = model.EvaluateLikelihood(unseen, Bits(run, ofStep));
                    cells.Add(new(prediction, loss, ofStep, features.Distance(features.OfGenerated(model, count, drawn)), bits.BitsPerDimension));
                    sheet.AddRange(model.Generate(model.ClassNames, drawn));
                    run.Tell($"{cells[^1]}");
                }
            }
        }

        Write(run, features!, cells, (steps, count, sampling, judged));
        run.Save("sheet.png", sheet, sheet.Count / cells.Count, "a row for each row of the table");
        Array.ForEach(unseen, image => image.Dispose());
    }

    private static DdpmVariance[] Variances(ModelVariance variance) => variance == ModelVariance.LearnedRange
        ? [DdpmVariance.Learned]
        : [DdpmVariance.FixedSmall, DdpmVariance.FixedLarge];

    private static LikelihoodOptions Bits(ExperimentRun run, DdpmVariance variance) => new()
    {
        NumberOfTimesteps = run.Pick(3, 50, 100),
        Variance = variance,
        Seed = run.Seed,
        CancellationToken = run.CancellationToken,
    };

    private static void Write(
        ExperimentRun run,
        GarmentFeatures features,
        List<ParameterizationCell> cells,
        (int Steps, int Count, int Sampling, int Judged) counts)
    {
        var report = new Report("DDPM table 2: what is predicted, by which loss, with which variance");
        report.Add($"Linear schedule, {counts.Steps:N0} optimizer steps of {run.Pick(4, 32, 32)} for each model, one seed; ancestral sampling in {counts.Sampling:N0} of 1,000 steps, N = {counts.Count:N0} images; bits per dimension of {counts.Judged:N0} unseen garments. {counts.Count:N0} unseen garments have a distance of {features.DistanceOfUnseen(counts.Count):F2}.");
        var table =
            new ResultTable(new Column("prediction"), new("loss"), new("variance"), new("Frechet distance", "F2"), new("bits per dimension", "F3"));
        foreach (var cell in cells)
        {
            table.Add(cell.Prediction, cell.Loss, $"{cell.Variance}", cell.Distance, cell.Bits);
        }

        report.Add($"Lower is better in both:", table);
        report.Add($"The paper's FID (CIFAR-10, 800,000 steps of training, 1,000 of sampling): predicting the mean 13.22 with the bound and fixed variance, 23.69 with the bound and learned variance; predicting epsilon 13.51 with the bound and fixed variance, 3.17 with L_simple.");
        report.Add($"{Summary(cells)}");
        run.Write(report, table);
        run.Save(
            "chart.svg",
            new LineChart("Frechet distance and bits per dimension of each model", "bits per dimension", "Frechet distance") { LogarithmicY = true },
            cells.GroupBy(cell => $"{cell.Prediction}, {cell.Loss}").Select(line => (line.Key, line.Select(cell => (cell.Bits, cell.Distance)))));
    }

    // The paper's two findings: L_simple has the better images, the bound the better bits.
    private static string Summary(List<ParameterizationCell> cells)
    {
        var pairs =
            cells.Where(cell => cell.Loss == "L_simple")
                .Select(simple => (Simple: simple, Bound: cells.Single(cell =>
                    cell.Loss == "L, the bound" && (cell.Prediction, cell.Variance) == (simple.Prediction, simple.Variance))))
                .ToList();
        var epsilon = pairs.First(pair => pair.Simple is { Prediction: "epsilon", Variance: DdpmVariance.FixedLarge });
        var (nearest, cheapest) = (cells.MinBy(cell => cell.Distance)!, cells.MinBy(cell => cell.Bits)!);
        return FormattableString.Invariant(
            $"With the same prediction and fixed variance, L_simple has the lower distance in {pairs.Count(pair => pair.Simple.Distance < pair.Bound.Distance)} of {pairs.Count} cases and the bound the fewer bits in {pairs.Count(pair => pair.Bound.Bits < pair.Simple.Bits)}; the paper has both for epsilon ({epsilon.Simple.Distance:F2} and {epsilon.Bound.Distance:F2} here with the large variance). The lowest distance is that of {nearest.Name} ({nearest.Distance:F2}), the fewest bits those of {cheapest.Name} ({cheapest.Bits:F3}).");
    }

    private sealed record ParameterizationCell(string Prediction, string Loss, DdpmVariance Variance, double Distance, double Bits)
    {
        public string Name
        {
            get
            {
                var variance = Variance switch { DdpmVariance.FixedSmall => "small", DdpmVariance.FixedLarge => "large", _ => "learned" };
                return $"{Prediction} by {Loss} with the {variance} variance";
            }
        }

        public override string ToString() => FormattableString.Invariant($"{Name}: {Distance:F2}, {Bits:F3} bits");
    }
}
