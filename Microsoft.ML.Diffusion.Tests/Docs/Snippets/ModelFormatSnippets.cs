using Microsoft.ML;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/model-format.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ModelFormatSnippets : SnippetRun
{
    [TestMethod]
    public void Model_SavedLoadedInspected_IsTheSame()
    {
        var mlContext = new MLContext(seed: 1);
        var (model, rows) = TrainTinyModel(mlContext);

        #region snippet
        mlContext.Diffusion.SaveModel(model, rows.Schema, "model.zip");            // or mlContext.Model.Save: the same entries
        ITransformer pipeline = mlContext.Diffusion.LoadModel("model.zip", out var schema);   // checked first; or mlContext.Model.Load
        ModelFileInfo what = mlContext.Diffusion.InspectModel("model.zip");      // nothing is loaded or run
        #endregion

        Assert.IsTrue(what.HashesMatch);
        Assert.AreEqual(model.Describe().ToString(), pipeline.GetDiffusion().Describe().ToString());
        Assert.IsNotNull(schema);
        model.Dispose();
    }
}
