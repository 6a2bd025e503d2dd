using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>mlContext.Diffusion.InspectDiffusers: a look into a folder without loading its weights.</summary>
[TestClass]
public sealed class InspectDiffusersTests : IDisposable
{
    private readonly TemporaryFolder _parent = new();
    private readonly MLContext _context = new(seed: 3);

    private string Folder => _parent.File("exported");

    public void Dispose() => _parent.Dispose();

    [TestMethod]
    public void InspectDiffusers_Export_IsWhatLoadDiffusersLoads()
    {
        using var model = TinyModel.Train(TinyModel.Labelled, _context);
        _context.Diffusion.SaveDiffusers(model, Folder);
        using var loaded = _context.Diffusion.LoadDiffusers(Folder);

        var inspection = _context.Diffusion.InspectDiffusers(Folder);

        Assert.AreEqual("DDIMPipeline", inspection.Pipeline);
        Assert.AreEqual(loaded.ToString(), inspection.Description);
        Assert.AreEqual(loaded.Generation.ToString(), inspection.Generation);
        CollectionAssert.AreEqual(new[] { "even", "odd" }, inspection.ClassNames.ToArray());
        Assert.AreEqual("unet/diffusion_pytorch_model.safetensors", inspection.WeightsFile);
        CollectionAssert.AreEqual(new[] { "F32" }, inspection.WeightTypes.ToArray());
        Assert.AreEqual(
            (model.NumberOfParameters, model.Model.Weights().Plan.Weights.Count),
            (inspection.NumberOfParameters, inspection.NumberOfTensors));
        Assert.AreEqual(
            FormattableString.Invariant($"""
            Model    {loaded}
            Classes  2: even, odd
            Sampler  {loaded.Generation}
            Format   diffusers, DDIMPipeline
            Weights  unet/diffusion_pytorch_model.safetensors: {inspection.NumberOfParameters:N0} of F32 in {inspection.NumberOfTensors} tensors
            """).ReplaceLineEndings("\n"),
            inspection.ToString());
    }

    [TestMethod]
    public void InspectDiffusers_CutWeights_IsRefused()
    {
        using var model = TinyModel.Train(mlContext: _context);
        _context.Diffusion.SaveDiffusers(model, Folder);
        var weights = Path.Combine(Folder, "unet", "diffusion_pytorch_model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, bytes[..^4]);

        var error = Assert.ThrowsExactly<FormatException>(() => _context.Diffusion.InspectDiffusers(Folder));

        StringAssert.StartsWith(error.Message, $"{weights}: The file is cut short");
    }

    [TestMethod]
    public void InspectDiffusers_OtherFolder_IsRefused()
    {
        Messages.Expect<FileNotFoundException>(
            $"{_parent.Path}: has no config.json, so it is no folder of a diffusers model.",
            () => _context.Diffusion.InspectDiffusers(_parent.Path));
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => _context.Diffusion.InspectDiffusers(_parent.File("nothing")));
    }
}
