using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using static TorchSharp.torch;

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
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var share = _model.Use();

        var features = _model.Model.Calls.Bottleneck(x, 40, null);

        var expected = share.Value.Bottleneck(tensor(x.ToSingle(), [2, 1, 8, 8]), tensor([40f])).mean([2, 3]);
        Assert.IsLessThan(1e-6, features.DistanceTo(Batch.Of(expected.data<float>().ToArray(), 2)));
    }

    private static Batch Forward(Batch x, float[] timesteps, long[]? labels)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var share = _model.Use();
        var images = tensor(x.ToSingle(), [x.Count, 1, 8, 8]);
        var times = tensor(timesteps);
        var classes = labels is null ? null : tensor(labels);
        float[] predictions = [.. Enumerable.Range(0, x.Count).SelectMany(i => share.Value.Forward(
            images.narrow(0, i, 1),
            timesteps.Length == 1 ? times : times.narrow(0, i, 1),
            classes?.narrow(0, i, 1)).data<float>().ToArray())];
        return Batch.Of(predictions, x.Count);
    }
}
