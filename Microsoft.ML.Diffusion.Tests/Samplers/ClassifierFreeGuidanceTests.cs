using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class ClassifierFreeGuidanceTests
{
    // (images, labels) of each call of the network.
    private readonly List<(long Images, long[]? Labels)> _calls = [];

    [TestMethod]
    [DataRow(0.0, null, 0.0)]
    [DataRow(1.0, "1,-1,0", 2.0)]
    [DataRow(3.0, "1,-1,0,-1,-1,-1", 6.0)]
    [DataRow(0.5, "1,-1,0,-1,-1,-1", 1.0)]
    public void Predict_AnyScale_IsOneCallOfTheImagesNeeded(double scale, string? labels, double ofClassOne)
    {
        using var scope = NewDisposeScope();
        var x = zeros(3, 1, 2, 2);

        var prediction = ClassifierFreeGuidance.Predict(Network, x, tensor(new long[] { 1, -1, 0 }), new Guidance(scale));

        Assert.HasCount(1, _calls);
        Assert.AreEqual(scale is 0 or 1 ? 3 : 6, _calls[0].Images);
        Assert.AreEqual(labels, _calls[0].Labels is { } given ? string.Join(',', given) : null);
        Assert.AreEqual(ofClassOne, prediction[0].mean().ToDouble(), 1e-6); // unlabelled 0, class 1 gives 2
        Assert.AreEqual(0, prediction[1].mean().ToDouble(), 1e-6);
    }

    [TestMethod]
    public void Predict_NoLabels_IsOneUnlabelledCall()
    {
        using var scope = NewDisposeScope();

        ClassifierFreeGuidance.Predict(Network, zeros(3, 1, 2, 2), null, new Guidance(7));

        Assert.AreEqual((3, null), _calls.Single());
    }

    [TestMethod]
    public void Predict_MoreChannelsThanImages_LeavesThemToTheClass()
    {
        using var scope = NewDisposeScope();

        var prediction = ClassifierFreeGuidance.Predict((x, labels) => Network(x, labels).repeat(1, 2, 1, 1), zeros(3, 1, 2, 2), tensor(new long[] { 1, -1, 0 }), new Guidance(3));

        CollectionAssert.AreEqual(new long[] { 3, 2, 2, 2 }, prediction.shape);
        Assert.AreEqual(6, prediction[0, 0].mean().ToDouble(), 1e-6);
        Assert.AreEqual(2, prediction[0, 1].mean().ToDouble(), 1e-6);
    }

    // Class k is predicted as k + 1, no class as 0.
    private Tensor Network(Tensor x, Tensor? labels)
    {
        _calls.Add((x.shape[0], labels?.data<long>().ToArray()));
        return labels is null ? x : x + (labels + 1).reshape(-1, 1, 1, 1);
    }
}
