using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Schedules;
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

        var prediction =
            ClassifierFreeGuidance.Predict(
                (x, labels) => Network(x, labels).repeat(1, 2, 1, 1),
                zeros(3, 1, 2, 2),
                tensor(new long[] { 1, -1, 0 }),
                new Guidance(3));

        CollectionAssert.AreEqual(new long[] { 3, 2, 2, 2 }, prediction.shape);
        Assert.AreEqual(6, prediction[0, 0].mean().ToDouble(), 1e-6);
        Assert.AreEqual(2, prediction[0, 1].mean().ToDouble(), 1e-6);
    }

    // The labelled prediction of the ramp 0, 1, 2, 3 has deviation sqrt(1.25); scale 3 makes three times that of it.
    [TestMethod]
    [DataRow(0.0, 3.0)]
    [DataRow(0.7, 1.6)]
    [DataRow(1.0, 1.0)]
    public void Predict_Rescaled_HasTheMixtureOfBothDeviations(double phi, double times)
    {
        using var scope = NewDisposeScope();
        var ramp = arange(4, ScalarType.Float32).reshape(1, 1, 2, 2);

        var prediction =
            ClassifierFreeGuidance.Predict(
                (x, labels) => ramp * (labels! + 1).reshape(-1, 1, 1, 1),
                zeros(1, 1, 2, 2),
                tensor(new long[] { 0 }),
                new Guidance(3, phi));

        // Labelled 1 times the ramp, unlabelled 0 times: guided 3 times, of which phi is brought back to once.
        Assert.IsLessThan(1e-6, (prediction - (times * ramp)).abs().max().ToDouble());
    }

    // Numbers by hand: labelled (2, 0), unlabelled (1, 1), scale 2: guided (3, -1) with deviation 2, labelled 1, so half of it, (1.5, -0.5).
    [TestMethod]
    public void Predict_RescaledWithAMean_ScalesThatToo()
    {
        using var scope = NewDisposeScope();

        var prediction = ClassifierFreeGuidance.Predict(
            (x, labels) => where((labels! == 0).reshape(-1, 1, 1, 1), tensor(new[] { 2f, 0f }).reshape(1, 1, 1, 2), ones(1, 1, 1, 2)),
            zeros(1, 1, 1, 2),
            tensor(new long[] { 0 }),
            new Guidance(2, 1));

        CollectionAssert.AreEqual(new[] { 1.5f, -0.5f }, prediction.data<float>().ToArray());
    }

    [TestMethod]
    public void Predict_RescaledWithoutAnySpread_LeavesThePrediction()
    {
        using var scope = NewDisposeScope();

        var prediction = ClassifierFreeGuidance.Predict(Network, zeros(3, 1, 2, 2), tensor(new long[] { 1, -1, 0 }), new Guidance(3, 0.7));

        Assert.AreEqual(6, prediction[0].mean().ToDouble(), 1e-6);
    }

    // Of the cosine schedule: sigma 0.006 at 0, 0.13 at 80, 1 near 496, 80 near 991.
    [TestMethod]
    [DataRow(0.0, double.PositiveInfinity, "0,80,496,999")]
    [DataRow(0.1, double.PositiveInfinity, "80,496,999")]
    [DataRow(0.1, 2, "80,496")]
    [DataRow(0.0, 0.5, "0,80")]
    public void At_TimeOutsideTheInterval_IsNotGuided(double from, double to, string guided)
    {
        var levels = new Lazy<LevelTable>(() => new LevelTable(NoiseSchedule.Cosine()));
        var guidance = new Guidance(3, 0.5, from, to);

        var found = ((double[])[0, 80, 496, 999]).Where(timestep => guidance.At(timestep, levels) == guidance);

        Assert.AreEqual(guided, string.Join(',', found));
        Assert.IsTrue(((double[])[0, 80, 496, 999]).All(timestep => guidance.At(timestep, levels).Scale is 1 or 3));
    }

    // Class k is predicted as k + 1, no class as 0.
    private Tensor Network(Tensor x, Tensor? labels)
    {
        _calls.Add((x.shape[0], labels?.data<long>().ToArray()));
        return labels is null ? x : x + (labels + 1).reshape(-1, 1, 1, 1);
    }
}
