using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>README.md; its first code is samples/QuickStart.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ReadmeSnippets : SnippetRun
{
    [TestMethod]
    public void Model_BetweenOtherSteps_ComposesWithThem()
    {
        var mlContext = new MLContext(seed: 1);
        var (model, rows) = TrainTinyModel(mlContext);

        #region snippet
        var scores = model.WithColumns(new OutputColumnOptions { ReconstructionError = "Error", Latent = "Features", LatentKind = LatentKind.Bottleneck });
        var detector = mlContext.AnomalyDetection.Trainers.RandomizedPca("Features", rank: Shown(20, tested: 2));
        IDataView features = mlContext.Data.Cache(scores.Transform(rows), "Features");
        IDataView anomalies = detector.Fit(features).Transform(features);

        IDataView drawn = mlContext.Diffusion.GenerateDataView(model, count: Shown(1000, tested: 4), model.ClassNames); // labelled training data
        #endregion

        Assert.HasCount(8, anomalies.GetColumn<float>("Score").ToList());
        Assert.HasCount(4, drawn.GetColumn<uint>("Label").ToList());
        model.Dispose();
    }
}
