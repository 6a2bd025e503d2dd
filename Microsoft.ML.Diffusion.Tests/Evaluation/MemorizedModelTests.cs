using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>Trained models: one that repeats the 20 images that it learned from, and others that do not.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class MemorizedModelTests
{
    private static readonly MLContext _mlContext = new(seed: 1);

    [TestMethod]
    [DataRow(20, 2000, true)]
    [DataRow(20, 300, false, DisplayName = "stopped before it has learned them by heart")]
    [DataRow(400, 1000, false)]
    public void Evaluate_ModelOfFewImages_IsSuspiciousIfItWasTrainedForLong(int images, int steps, bool isSuspicious)
    {
        MLImage[] learned = [.. Enumerable.Range(0, images).Select(Disc)];
        MLImage[] unseen = [.. Enumerable.Range(1000, 100).Select(Disc)];
        var rows = PictureFolder.Rows(_mlContext, learned);
        var options = TinyModel.Options with
        {
            Training = TinyModel.Options.Training with { NumberOfSteps = steps, BatchSize = 20 },
        };
        using var model = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows);
        var generated = model.Generate(100, new GenerationOptions { Sampler = new DdimSampler(20), Seed = 3 });

        foreach (var heldOut in (IDataView?[])[null, PixelFeatures.Rows(_mlContext, unseen)])
        {
            var metrics =
                _mlContext.Diffusion.EvaluateMemorization(
                    PixelFeatures.Rows(_mlContext, rows),
                    PixelFeatures.Rows(_mlContext, generated),
                    heldOut);

            Assert.AreEqual(isSuspicious, metrics.IsSuspicious, metrics.ToString());
        }
    }

    [TestMethod]
    public void Evaluate_Garments_AreNoCopies()
    {
        using var model = _mlContext.Diffusion.LoadModel(Garments.ModelPath, out _).GetDiffusion();
        var generated =
            model.Generate([.. Enumerable.Range(0, 50).Select(i => i % 10)], model.Generation with { Sampler = new DpmSolverSampler(12), Seed = 3 });
        var (learned, unseen) = (Garments.Pictures(10_000), Garments.Pictures(500, unseen: true));

        var metrics = _mlContext.Diffusion.EvaluateMemorization(
            PixelFeatures.Rows(_mlContext, learned),
            PixelFeatures.Rows(_mlContext, generated),
            PixelFeatures.Rows(_mlContext, unseen));
        var withCopies = _mlContext.Diffusion.EvaluateMemorization(
            PixelFeatures.Rows(_mlContext, learned),
            PixelFeatures.Rows(_mlContext, generated.Concat(learned.Take(10))),
            PixelFeatures.Rows(_mlContext, unseen));

        Assert.IsFalse(metrics.IsSuspicious, metrics.ToString());
        Assert.IsTrue(withCopies.IsSuspicious, withCopies.ToString());
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 10).ToArray(), withCopies.Nearest(10).Select(match => match.TrainingRow).ToArray());
    }

    // A disc on chequered ground, its place, width and greys decided by the number.
    private static MLImage Disc(int number)
    {
        var random = new Random(number);
        var (left, top) = (Pictures.Side * random.NextDouble(), Pictures.Side * random.NextDouble());
        var (radius, disc, ground) = (1 + (3 * random.NextDouble()), random.NextDouble(), random.NextDouble());
        return Pictures.Grey((x, y) => (byte)(255 * (Math.Pow(x - left, 2) + Math.Pow(y - top, 2) < radius * radius
            ? disc
            : ground * ((x + y) % 2 == 0 ? 1 : 0.7))));
    }
}
