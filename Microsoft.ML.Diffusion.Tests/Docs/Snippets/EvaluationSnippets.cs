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
}
