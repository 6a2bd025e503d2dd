using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

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

    [TestMethod]
    public void Onnx_InOnnxRuntime_Generates()
    {
        var mlContext = new MLContext(seed: 1);
        using var model = TrainTinyModel(mlContext).Model;

        #region snippet
        mlContext.Diffusion.SaveOnnx(model, "network.onnx", OnnxContent.Network);
        mlContext.Diffusion.SaveOnnx(model, "generator.onnx", OnnxContent.Generator, model.Generation with { Sampler = new DpmSolverSampler(20) });
        #endregion

        var pixels = Generate();

        Assert.HasCount(4 * model.ImageWidth * model.ImageHeight, pixels);
        Assert.IsGreaterThan(2, pixels.Distinct().Count());
        Assert.IsTrue(File.Exists("network.onnx"));
    }

    private static byte[] Generate()
    {
        #region snippet
        using var session = new InferenceSession("generator.onnx");
        var random = new Random(1);
        var noise = new DenseTensor<float>([4, .. session.InputMetadata["noise"].Dimensions[1..]]); // of 4 images
        for (var i = 0; i < noise.Length; i++)
        {
            noise.SetValue(i, (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        using var results = session.Run(
        [
            NamedOnnxValue.CreateFromTensor("noise", noise),
            NamedOnnxValue.CreateFromTensor("class_labels", new DenseTensor<long>(new long[] { 0, 1, 0, -1 }, [4])),
            NamedOnnxValue.CreateFromTensor("guidance_scale", new DenseTensor<float>(new float[] { 1 }, [])),
        ]);
        byte[] pixels = [.. results[0].AsEnumerable<float>().Select(value => (byte)MathF.Round((value + 1) * 127.5f))]; // [4, C, H, W]
        #endregion

        return pixels;
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
