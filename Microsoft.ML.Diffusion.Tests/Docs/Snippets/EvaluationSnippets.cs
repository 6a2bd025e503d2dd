using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace DocumentationSnippets;

/// <summary>docs/evaluation.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class EvaluationSnippets : SnippetRun
{
    [TestMethod]
    public void Copies_AreNamed()
    {
        var mlContext = new MLContext(seed: 1);
        var (training, generated, heldOut) = (Bars(0, 4), Bars(1, 2), Bars(4, 8));

        #region snippet
        MemorizationMetrics copies = mlContext.Diffusion.EvaluateMemorization(training, generated, heldOut);
        Console.WriteLine(copies);
        foreach (var match in copies.Nearest(10))
        {
            Console.WriteLine($"generated image {match.Row} is {(copies.IsNearCopy(match) ? "a copy of" : "nearest to")} training image {match.TrainingRow}");
        }
        #endregion

        Assert.AreEqual((1, 0.0), (copies.Nearest(1)[0].TrainingRow, copies.Nearest(1)[0].Distance));

        // Their brightness tells pictures of one phase apart.
        IDataView Bars(int first, int count) => PixelFeatures.Rows(
            mlContext,
            Enumerable.Range(first, count).Select(number => Pictures.Grey((x, y) => (byte)((17 * number) + (9 * ((x + (number * y)) % 5))))));
    }

    [TestMethod]
    public void Statistics_OfParts_AreMerged()
    {
        var mlContext = new MLContext(seed: 1);
        var (real, firstPart, secondPart) = (Features(0, 9), Features(2, 5), Features(7, 6));

        #region snippet
        FeatureStatistics.Of(firstPart).Save("part0.safetensors");                // on one machine
        FeatureStatistics.Of(secondPart).Save("part1.safetensors");               // on another
        var generated = FeatureStatistics.Merge([FeatureStatistics.Load("part0.safetensors"), FeatureStatistics.Load("part1.safetensors")]);
        double distance = FeatureStatistics.Of(real).FrechetDistanceTo(generated);
        #endregion

        Assert.AreEqual(mlContext.Diffusion.Evaluate(real, Features(2, 11)).FrechetDistance, distance, 1e-6 * distance); // fewer images than features
        Assert.AreEqual(11, generated.Count);

        IDataView Features(int first, int count) =>
            PixelFeatures.Rows(mlContext, Enumerable.Range(first, count).Select(number => Pictures.Bars(number)));
    }

    [TestMethod]
    public void Likelihoods_OfParts_AreMerged()
    {
        using var model = TinyModel.Train(TinyModel.Options with { Schedule = NoiseSchedule.Cosine(12) });
        var images = Enumerable.Range(0, 6).Select(number => Pictures.Bars(number)).ToArray();

        #region snippet
        LikelihoodMetrics first = model.EvaluateLikelihood(images[..4], new LikelihoodOptions { Seed = 1 });
        LikelihoodMetrics second = model.EvaluateLikelihood(images[4..], new LikelihoodOptions { Seed = 1, FirstImage = 4 });
        second.Save("second.json");                                               // on another machine
        Console.WriteLine(LikelihoodMetrics.Merge([first, LikelihoodMetrics.Load("second.json")]));
        #endregion

        CollectionAssert.AreEqual(second.PerImage.ToArray(), LikelihoodMetrics.Load("second.json").PerImage.ToArray());
    }
}
