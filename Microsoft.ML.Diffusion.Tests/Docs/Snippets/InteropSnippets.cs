using Microsoft.ML;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/interop.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class InteropSnippets : SnippetRun
{
    [TestMethod]
    public void Diffusers_ThereAndBack_Works()
    {
        Export();

        Import();

        Assert.IsTrue(File.Exists("first.png") && File.Exists("cifar10.zip"));
    }

    // Stands for the download.
    private static void Export()
    {
        var mlContext = new MLContext(seed: 1);
        using var model = TrainTinyModel(mlContext).Model;

        #region snippet
        mlContext.Diffusion.SaveDiffusers(model, "garments");
        #endregion

        Directory.Move("garments", "ddpm-cifar10-32");
    }

    private static void Import()
    {
        #region snippet
        var mlContext = new MLContext(seed: 1);
        Console.WriteLine(mlContext.Diffusion.InspectDiffusers("ddpm-cifar10-32")); // what it is, without loading the weights
        using var model = mlContext.Diffusion.LoadDiffusers("ddpm-cifar10-32");

        var images = model.Generate(4, new GenerationOptions { Sampler = new DdimSampler(50) });
        images[0].Save("first.png");

        mlContext.Model.Save(model, inputSchema: null, "cifar10.zip"); // from here on a model like any other
        #endregion
    }
}
