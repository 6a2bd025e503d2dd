using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class ClassifierFreeGuidanceTests
{
    // (images, labels) of each call of the network.
    private readonly List<(int Images, IReadOnlyList<int>? Labels)> _calls = [];

    [TestMethod]
    [DataRow(0.0, null, 0.0)]
    [DataRow(1.0, "1,-1,0", 2.0)]
    [DataRow(3.0, "1,-1,0,-1,-1,-1", 6.0)]
    [DataRow(0.5, "1,-1,0,-1,-1,-1", 1.0)]
    public void Predict_AnyScale_IsOneCallOfTheImagesNeeded(double scale, string? labels, double ofClassOne)
    {
        var x = new Batch(3, 4);

        var prediction = ClassifierFreeGuidance.Predict(Network, x, [1, -1, 0], new Guidance(scale));

        Assert.HasCount(1, _calls);
        Assert.AreEqual(scale is 0 or 1 ? 3 : 6, _calls[0].Images);
        Assert.AreEqual(labels, _calls[0].Labels is { } given ? string.Join(',', given) : null);
        Assert.AreEqual(ofClassOne, prediction[0][..4].ToArray().Average(), 1e-6); // unlabelled 0, class 1 gives 2
        Assert.AreEqual(0, prediction[1].ToArray().Average(), 1e-6);
    }

    [TestMethod]
    public void Predict_NoLabels_IsOneUnlabelledCall()
    {
        ClassifierFreeGuidance.Predict(Network, new Batch(3, 4), null, new Guidance(7));

        Assert.AreEqual((3, null), _calls.Single());
    }

    [TestMethod]
    public void Predict_MoreChannelsThanImages_LeavesThemToTheClass()
    {
        var prediction =
            ClassifierFreeGuidance.Predict(
                (x, labels) => { var once = Network(x, labels); return Batch.Create(x.Count, 8, (image, twice) => { once[image].CopyTo(twice); once[image].CopyTo(twice[4..]); }); },
                new Batch(3, 4),
                [1, -1, 0],
                new Guidance(3));

        Assert.AreEqual((3, 8), (prediction.Count, prediction.Length));
        Assert.AreEqual(6, prediction[0][..4].ToArray().Average(), 1e-6);
        Assert.AreEqual(2, prediction[0][4..].ToArray().Average(), 1e-6);
    }

    // The labelled prediction of the ramp 0, 1, 2, 3 has deviation sqrt(1.25); scale 3 makes three times that of it.
    [TestMethod]
    [DataRow(0.0, 3.0)]
    [DataRow(0.7, 1.6)]
    [DataRow(1.0, 1.0)]
    public void Predict_Rescaled_HasTheMixtureOfBothDeviations(double phi, double times)
    {
        double[] ramp = [0, 1, 2, 3];

        var prediction =
            ClassifierFreeGuidance.Predict(
                (x, labels) => Batch.Create(x.Count, 4, (image, values) => Array.ConvertAll(ramp, value => value * (labels![image] + 1)).CopyTo(values)),
                new Batch(1, 4),
                [0],
                new Guidance(3, phi));

        // Labelled 1 times the ramp, unlabelled 0 times: guided 3 times, of which phi is brought back to once.
        Assert.IsLessThan(1e-12, prediction.DistanceTo(new Batch(Array.ConvertAll(ramp, value => times * value), 1)));
    }

    // Numbers by hand: labelled (2, 0), unlabelled (1, 1), scale 2: guided (3, -1) with deviation 2, labelled 1, so half of it, (1.5, -0.5).
    [TestMethod]
    public void Predict_RescaledWithAMean_ScalesThatToo()
    {
        var prediction = ClassifierFreeGuidance.Predict(
            (x, labels) => Batch.Create(x.Count, 2, (image, values) => (values[0], values[1]) = labels![image] == 0 ? (2, 0) : (1, 1)),
            new Batch(1, 2),
            [0],
            new Guidance(2, 1));

        CollectionAssert.AreEqual(new[] { 1.5, -0.5 }, prediction.Values);
    }

    [TestMethod]
    public void Predict_RescaledWithoutAnySpread_LeavesThePrediction()
    {
        var prediction = ClassifierFreeGuidance.Predict(Network, new Batch(3, 4), [1, -1, 0], new Guidance(3, 0.7));

        Assert.AreEqual(6, prediction[0][..4].ToArray().Average(), 1e-6);
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
    private Batch Network(Batch x, IReadOnlyList<int>? labels)
    {
        _calls.Add((x.Count, labels));
        return labels is null ? x : Batch.Create(x.Count, x.Length, (image, values) => values.Fill(labels[image] + 1));
    }
}
