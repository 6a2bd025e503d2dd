using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;

namespace DocumentationSnippets;

/// <summary>docs/memory.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class MemorySnippets : SnippetRun
{
    [TestMethod]
    public void PredictionEngine_ThatDoesNotOwnTheModel_LeavesItAlive()
    {
        var mlContext = new MLContext(seed: 1);
        using var model = TinyModel.Train(mlContext: mlContext);
        using var image = Pictures.Bars(3);

        #region snippet
        var options = new PredictionEngineOptions { OwnsTransformer = false }; // the model stays, and stays yours to dispose
        using (var engine = mlContext.Model.CreatePredictionEngine<Picture, Drawn>(model, options))
        {
            using var drawn = engine.Predict(new Picture { Image = image }).Generated;
        }

        var more = model.Generate(4);
        #endregion

        Assert.HasCount(4, more);
        mlContext.Model.CreatePredictionEngine<Picture, Drawn>(model).Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.Generate(1), "an engine owns its transformer unless it is told otherwise");
    }

    private sealed class Picture
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }
    }

    private sealed class Drawn
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Generated { get; set; }
    }
}
