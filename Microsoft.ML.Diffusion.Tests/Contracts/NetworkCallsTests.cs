using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>The door to a model's network says what the network says.</summary>
[TestClass]
public sealed class NetworkCallsTests
{
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Labelled, new MLContext(seed: 3));

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Predict_Batch_IsTheNetworksOutput()
    {
        var (x, calls) = (Batches.Normal(3, 64), _model.Model.Calls);

        Assert.IsLessThan(1e-5, calls.Predict(x, 17.5, [0, 1, -1]).DistanceTo(Forward(x, [17.5f], [0, 1, -1])));
        Assert.IsLessThan(1e-5, calls.Predict(x, [3, 40, 9], null).DistanceTo(Forward(x, [3, 40, 9], null)));
        Assert.IsGreaterThan(1e-4, calls.Predict(x, 17.5, [0, 1, -1]).DistanceTo(Forward(x, [17.5f], [1, 0, -1])));
    }

    [TestMethod]
    public void Bottleneck_Batch_IsTheMeanOfEachChannel()
    {
        var x = Batches.Normal(2, 64);
        using var share = _model.Model.Use();
        var shape = share.Value.Plan.Nodes[share.Value.Plan.Bottleneck].Shape;

        var means = _model.Model.Calls.Bottleneck(x, 40, null);

        var (features, pixels) = (new float[2 * shape.Channels * shape.Height * shape.Width], shape.Height * shape.Width);
        share.Value.Bottleneck(new NetworkInput(2, x.ToSingle(), new float[] { 40 }, default), features);
        double[] expected = [.. features.Chunk(pixels).Select(channel => channel.Average(value => (double)value))];
        Assert.IsLessThan(1e-12, means.DistanceTo(new Batch(expected, 2)));
    }

    // One image after another.
    private static Batch Forward(Batch x, float[] timesteps, int[]? labels)
    {
        using var share = _model.Model.Use();
        var predictions = new float[x.Values.Length];
        for (var i = 0; i < x.Count; i++)
        {
            share.Value.Predict(
                new NetworkInput(
                    1,
                    x.ToSingle().AsMemory(i * x.Length, x.Length),
                    timesteps.AsMemory(timesteps.Length == 1 ? 0 : i, 1),
                    labels is null ? default : labels.AsMemory(i, 1)),
                predictions.AsMemory(i * x.Length, x.Length));
        }

        return Batch.Of(predictions, x.Count);
    }
}
