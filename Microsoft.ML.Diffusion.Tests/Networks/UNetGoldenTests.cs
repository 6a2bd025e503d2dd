using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>The U-Net gives ermongroup/ddim's outputs with its weights.</summary>
[TestClass]
[DoNotParallelize] // EveryDevice.Exactly
[TestCategory(TestCategories.Golden)]
public sealed class UNetGoldenTests
{
    // The reference's own float32 and float64 differ by 2e-6, and a sinusoid rounded otherwise moves the output by 6e-6.
    private const double Tolerance = 2e-5;

    // The sinusoid of a large t: its angle is rounded in float32, and so it is off by up to 2.7e-5 itself.
    private const double SinusoidTolerance = 5e-5;

    public static IEnumerable<object[]> Files => GoldenFolder.Files("unet_ddim_*.safetensors").Select(file => new object[] { file });

    public static IEnumerable<TestDataRow<(string Device, string File)>> FilesOnDevices => EveryDevice.With(GoldenFolder.Files("unet_ddim_*.safetensors"));

    [TestMethod]
    [DynamicData(nameof(FilesOnDevices))]
    public void Forward_WeightsOfTheReference_GivesItsOutput(string device, string file)
    {
        using var exactly = EveryDevice.Exactly(device);
        using var golden = new GoldenUNet(file);
        golden.LoadWeights();

        GoldenAssert.AreClose(golden.Values("timestep_embedding"), golden.RunSinusoids(), "sinusoids", SinusoidTolerance);
        GoldenAssert.AreClose(golden.Values("act.temb"), golden.RunTimestepEmbedding(), "timestep features", SinusoidTolerance);
        GoldenAssert.AreClose(golden.Values("output"), golden.Run(device), "output", Tolerance);
        GoldenAssert.AreClose(golden.Values("output_f64"), golden.RunInDouble(), "output in double", Tolerance);
    }

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Parameters_AreAsManyAsTheReferences(string file)
    {
        using var golden = new GoldenUNet(file);

        var parameters = golden.Network.parameters().ToArray();

        Assert.HasCount(golden.Weights.Count, parameters);
        Assert.AreEqual(golden.Weights.Sum(weight => weight.ElementCount), parameters.Sum(parameter => parameter.numel()));
    }

    [TestMethod]
    [DynamicData(nameof(FilesOnDevices))]
    public void Forward_OneNumberChanged_IsSeen(string device, string file)
    {
        using var exactly = EveryDevice.Exactly(device);
        using var golden = new GoldenUNet(file);
        golden.LoadWeights();
        var expected = golden.Values("output");
        var actual = golden.Run(device);

        GoldenAssert.Fails(() => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-4), actual, "output", Tolerance), file);

        using (no_grad())
        {
            golden.Network["conv_out.bias"].add_(1e-4);
        }

        GoldenAssert.Fails(() => GoldenAssert.AreClose(expected, golden.Run(device), "output", Tolerance), file);
    }
}
