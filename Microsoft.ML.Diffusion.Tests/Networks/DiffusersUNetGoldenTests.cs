using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Engines;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>Networks that diffusers saved give diffusers' outputs: every folder <c>unet_diffusers_*</c>.</summary>
[TestClass]
[DoNotParallelize] // EveryDevice.Exactly
[TestCategory(TestCategories.Golden)]
public sealed class DiffusersUNetGoldenTests
{
    private const double Tolerance = 2e-5; // Golden/data/README.md

    public static IEnumerable<object[]> Folders => GoldenFolder.Folders("unet_diffusers_*").Select(folder => new object[] { folder });

    public static IEnumerable<TestDataRow<(string Device, string Folder)>> FoldersOnDevices => EveryDevice.With(GoldenFolder.Folders("unet_diffusers_*"));

    [TestMethod]
    [DynamicData(nameof(FoldersOnDevices))]
    public void Forward_NetworkOfTheFolder_GivesThePeersOutput(string device, string folder)
    {
        using var golden = SafetensorsFile.Open(GoldenFolder.File($"{folder}/io.safetensors"));
        using var exactly = EveryDevice.Exactly(device);
        using var network = Load(device, folder, golden);

        GoldenAssert.AreClose(golden["output"].ToDoubles(), Run(network, golden, "timestep"), folder, Tolerance);
        GoldenAssert.AreClose(golden["output_scalar_timestep"].ToDoubles(), Run(network, golden, "timestep_scalar"), folder, Tolerance);
    }

    [TestMethod]
    [DynamicData(nameof(FoldersOnDevices))]
    public void Forward_OneNumberChanged_IsSeen(string device, string folder)
    {
        using var golden = SafetensorsFile.Open(GoldenFolder.File($"{folder}/io.safetensors"));
        using var exactly = EveryDevice.Exactly(device);
        using var network = Load(device, folder, golden);

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

    private static Network Load(string device, string folder, SafetensorsFile golden)
    {
        var shape = golden["sample"].Shape;
        var weights = DiffusersWeights.Load(GoldenFolder.File(folder), Read(folder), (int)shape[2], (int)shape[3]);
        return NetworkEngine.Create(weights.Plan, weights, EveryDevice.Of(device));
    }

    private static double[] Run(Network network, SafetensorsFile golden, string timesteps)
    {
        var x = golden["sample"];
        float[] times = [.. golden[timesteps].ToInt64s().Select(t => (float)t)];
        int[] labels = golden.TryGetTensor("class_labels", out var classes) ? [.. classes.ToInt64s().Select(label => (int)label)] : [];
        return Array.ConvertAll(EngineInputs.Predict(network, new((int)x.Shape[0], x.ToSingles(), times, labels)), value => (double)value);
    }
}
