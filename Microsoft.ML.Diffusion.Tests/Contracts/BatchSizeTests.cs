using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>An image depends neither on how many are asked for nor on where: batches are filled up where the engine needs that, and nowhere else.</summary>
[TestClass]
public sealed class BatchSizeTests
{
    private static readonly ModelOfEachDevice _models = new(TinyModel.Labelled);

    [ClassCleanup]
    public static void Free() => _models.Dispose();

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_OneFiveOrARow_IsTheSameImage(string device)
    {
        var (model, mlContext) = (_models[device], new MLContext(seed: 1));
        var options = new GenerationOptions { Sampler = new DdimSampler(5), Seed = 3 };

        var five = Pictures.Digests(model.Generate(5, options));
        var rows = mlContext.Diffusion.GenerateDataView(model, 3, options: options).GetColumn<MLImage>("Image");

        Assert.AreEqual(five[0], Pictures.Digest(model.Generate(1, options)));
        CollectionAssert.AreEqual(five[..3], Pictures.Digests(rows));
    }

    [TestMethod]
    public void Generate_OnTheCpu_HasTheSameBitsForAnyBatchSize()
    {
        var options = new GenerationOptions { Sampler = new DdpmSampler(5), GuidanceScale = 2, Seed = 3 };
        int[] labels = [0, 1, -1, 1, 0, 1, 0];
        string[] Images(int? size) => Pictures.Digests(_models["cpu"].Generate(labels, options with { BatchSize = size }));
        var expected = Images(null);

        foreach (var size in new[] { 1, 2, 5, 64 })
        {
            CollectionAssert.AreEqual(expected, Images(size), $"batches of {size}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Calls_OfTheLastBatch_AreFullOnlyWhereTheEngineNeedsIt(string device)
    {
        var weights = _models[device].Model.Weights();
        var network = new CountingNetwork(NetworkEngine.Create(weights.Plan, weights, EveryDevice.Of(device)));
        using var model = new DiffusionModel(_models[device].Model.Description, network);
        var options = new GenerationOptions { Sampler = new DdimSampler(1), BatchSize = 4 };

        new ImageGenerator(model, options, seed: 1).Pixels([0], null);
        new ImageGenerator(model, options, seed: 1).Pixels([0, 1, 2, 3, 4, 5], null);
        var rows = new RowModel(model, options, seed: 1, new OutputColumnOptions { LatentTimestep = 1 }, hasLabels: false);
        rows.Bottleneck([new RowInput(0, -1, new byte[64])]);

        int[] expected = device == "cpu" ? [1, 4, 2, 1] : [4, 4, 4, 4];
        CollectionAssert.AreEqual(expected, network.Counts);
    }
}
