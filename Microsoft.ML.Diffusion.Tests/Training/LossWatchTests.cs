using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Losses of runs that go well, and of others; a network that predicts 0 has the loss 0.8, one of the mean 0.4.</summary>
[TestClass]
public sealed class LossWatchTests
{
    private const double Zero = 0.8;
    private const double Mean = 0.4;

    public static IEnumerable<TestDataRow<(int BatchSize, Func<int, double> Loss)>> Good =>
    [
        new((64, step => 0.05 + (0.75 * Math.Exp(-step / 100.0)))) { DisplayName = "a usual run" },
        new((32, step => 0.2 + (0.2 * Math.Exp(-step / 2000.0)))) { DisplayName = "a slow one, at a low rate" },
        new((1, step => 0.1 + (0.7 * Math.Exp(-step / 500.0)))) { DisplayName = "batches of one image" },
        new((64, step => step < 40 ? 3 : 0.3)) { DisplayName = "a first step that goes astray, without a warm-up" },
        new((64, step => step is > 1000 and < 1040 ? 2 : 0.2)) { DisplayName = "a peak that passes" },
        new((8, step => step % 1600 < 800 ? 0.002 : 0.02)) { DisplayName = "20 images known by heart" },
        new((32, _ => 0.12)) { DisplayName = "a run that is resumed, or a model that is trained on" },
        new((64, step => 0.37 - (step * 1e-6))) { DisplayName = "images that are nearly noise" },
    ];

    [TestMethod]
    [DynamicData(nameof(Good))]
    public void Add_RunsThatLearn_AreLeftAlone(int batchSize, Func<int, double> loss) =>
        Assert.AreEqual(((LossFinding?)null, 0), Found(batchSize, loss, warmup: 200));

    [TestMethod]
    [DataRow(0, 0.79, 500)]
    [DataRow(200, 0.79, 700)]
    [DataRow(200, 0.39, 700, DisplayName = "what all images have in common is learned, and nothing else")]
    public void Add_LossOfTheMeanImageThroughout_IsFlatAfterTheWarmup(int warmup, double loss, int step)
    {
        var (finding, found) = Found(64, _ => loss, warmup);

        Assert.AreEqual((LossFindingKind.Flat, Mean, 50, step), (finding!.Value.Kind, finding.Value.Reference, finding.Value.Steps, found));
        Assert.AreEqual(loss, finding.Value.Loss, 1e-12);
    }

    [TestMethod]
    public void Add_ImagesThatAreAllAlike_AreLearnedByTheirMean()
    {
        Assert.AreEqual((null, 0), Found(64, step => step < 300 ? 0.5 : 0.01, warmup: 200, mean: 0));
        Assert.AreEqual(LossFindingKind.Flat, Found(64, _ => 0.5, warmup: 200, mean: 0).Finding!.Value.Kind);
    }

    [TestMethod]
    public void Add_LossAboveZero_IsHighInTheSecondWindow()
    {
        var (finding, found) = Found(16, step => step < 200 ? 0.7 : 1.3, warmup: 200);

        Assert.AreEqual((LossFindingKind.High, 100, 400), (finding!.Value.Kind, finding.Value.Steps, found));
    }

    [TestMethod]
    [DataRow(0.45)]
    [DataRow(0.39, DisplayName = "to that of the mean image, under half of that of 0")]
    public void Add_LossThatHasRisen_TellsTheLowest(double loss)
    {
        var (finding, found) = Found(64, step => step < 1000 ? 0.1 : loss, warmup: 200);

        Assert.AreEqual((LossFindingKind.Risen, 1100), (finding!.Value.Kind, found));
        Assert.AreEqual((0.1, loss), (Math.Round(finding.Value.Reference, 9), Math.Round(finding.Value.Loss, 9)));
    }

    // Losses of images are as uneven as those of timesteps are: here from nothing to twice the mean.
    private static (LossFinding? Finding, int Step) Found(int batchSize, Func<int, double> loss, int warmup, double mean = Mean)
    {
        var (watch, random, findings) = (new LossWatch(new(Zero, mean), batchSize), new Random(1), new List<(LossFinding?, int)>());
        for (var step = 1; step <= 5000; step++)
        {
            var uneven = batchSize > 1 ? 1 : 2 * random.NextDouble();
            if (watch.Add(loss(step) * uneven, isWarm: step > warmup) is { } finding)
            {
                findings.Add((finding, step));
            }
        }

        Assert.IsLessThanOrEqualTo(1, findings.Count, "each run is warned of once");
        return findings.FirstOrDefault();
    }
}
