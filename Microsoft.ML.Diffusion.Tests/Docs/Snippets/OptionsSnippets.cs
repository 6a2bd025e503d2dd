using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/options.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class OptionsSnippets : SnippetRun
{
    [TestMethod]
    public void Generate_WithOptions_Draws()
    {
        using var model = TrainTinyModel(new MLContext(seed: 1)).Model;

        #region snippet
        MLImage[] images = model.Generate(16, new GenerationOptions
        {
            Sampler = new DdimSampler(steps: 20, eta: 0.2) { Timesteps = TimestepSubset.Quadratic(20), Clipping = Clipping.Dynamic() },
            Seed = 42,
            BatchSize = 16,
        });
        #endregion

        Assert.HasCount(16, images);
    }
}
