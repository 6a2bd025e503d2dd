using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Golden;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>Networks that diffusers saved give diffusers' outputs: every folder <c>unet_diffusers_*</c>.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class DiffusersUNetGoldenTests
{
    private const double Tolerance = 2e-5; // Golden/data/README.md

    public static IEnumerable<object[]> Folders => GoldenFolder.Folders("unet_diffusers_*").Select(folder => new object[] { folder });

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Forward_NetworkOfTheFolder_GivesThePeersOutput(string folder)
    {
        using var golden = SafetensorsFile.Open(GoldenFolder.File($"{folder}/io.safetensors"));
        using var network = Load(folder, golden);

        GoldenAssert.AreClose(golden["output"].ToDoubles(), Run(network, golden, "timestep"), folder, Tolerance);
        GoldenAssert.AreClose(golden["output_scalar_timestep"].ToDoubles(), Run(network, golden, "timestep_scalar"), folder, Tolerance);
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void Forward_OneNumberChanged_IsSeen(string folder)
    {
        using var golden = SafetensorsFile.Open(GoldenFolder.File($"{folder}/io.safetensors"));
        using var network = Load(folder, golden);

        GoldenAssert.Fails(
            () => GoldenAssert.AreClose(
                GoldenAssert.Changed(golden["output"].ToDoubles(), 1e-4),
                Run(network, golden, "timestep"),
                folder,
                Tolerance),
            folder);
    }

    [TestMethod]
    [DynamicData(nameof(Folders))]
    public void ToConfig_NetworkOfTheFolder_IsReadBackTheSame(string folder)
    {
        var read = Read(folder);
        if (read.InChannels is not (1 or 3) || read.Size is not { } size)
        {
            return; // no model of images
        }

        var variance = read.OutChannels == read.InChannels ? ModelVariance.Fixed : ModelVariance.LearnedRange;
        var description =
            new ModelDescription(
                new ImageShape(read.InChannels, size.Height, size.Width),
                read.Options,
                NoiseSchedule.Linear(),
                PredictionType.Epsilon,
                variance,
                [.. Enumerable.Range(0, read.NumberOfClasses).Select(i => $"{i}")]);
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, System.Text.Json.JsonSerializer.Serialize(DiffusersExport.ToConfig(description)));
            var again = DiffusersNetwork.Read(DiffusersConfig.Read(path));

            Assert.AreEqual(ToText(read), ToText(again));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string ToText(DiffusersNetwork network) => System.Text.Json.JsonSerializer.Serialize(network);

    private static DiffusersNetwork Read(string folder) =>
        DiffusersNetwork.Read(DiffusersConfig.Read(GoldenFolder.File($"{folder}/config.json")));

    private static UNet Load(string folder, SafetensorsFile golden)
    {
        var shape = golden["sample"].Shape;
        var weights = DiffusersWeights.Load(GoldenFolder.File(folder), Read(folder), (int)shape[2], (int)shape[3]);
        var network = new UNet(weights.Plan);
        network.Write(weights);
        return network;
    }

    private static double[] Run(UNet network, SafetensorsFile golden, string timesteps)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var x = golden["sample"].ToDoubles().ToTensor(golden["sample"].Shape, ScalarType.Float32);
        var labels = golden.TryGetTensor("class_labels", out var classes) ? tensor(classes.ToInt64s()) : null;
        return network.Forward(x, tensor(golden[timesteps].ToInt64s()), labels).ToDoubles();
    }
}
