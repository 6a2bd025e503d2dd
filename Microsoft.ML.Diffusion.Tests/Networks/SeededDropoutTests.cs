using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks;

[TestClass]
public sealed class SeededDropoutTests
{
    private const double Probability = 0.25;

    private static readonly RandomNumbers _numbers = new(RandomStream.Dropout, seed: 3);

    [TestMethod]
    public void Apply_InTraining_DropsAShareAndScalesTheRest()
    {
        using var scope = NewDisposeScope();

        var y = Dropped(ones(4, 16, 20, 20));

        Assert.AreEqual(Probability, y.eq(0).to(ScalarType.Float64).mean().ToDouble(), 0.013); // five standard errors of 25,600 choices
        Assert.IsTrue(y.eq(0).logical_or(y.eq(1 / (1 - Probability))).all().ToBoolean());
    }

    [TestMethod]
    public void Apply_WithoutProbability_ChangesNothing()
    {
        using var x = ones(1, 2, 3, 3);

        Assert.AreSame(x, new SeededDropout(0, _numbers, firstSample: 0).Apply(x, layer: 0));
    }

    [TestMethod]
    public void Apply_PartOfABatch_DropsWhatTheWholeDrops()
    {
        using var scope = NewDisposeScope();
        var x = ones(5, 3, 4, 6);

        var whole = Dropped(x, firstSample: 10);
        var parts = cat([Dropped(x.narrow(0, 0, 2), firstSample: 10), Dropped(x.narrow(0, 2, 3), firstSample: 12)]);

        Assert.IsTrue(whole.eq(parts).all().ToBoolean());
        Assert.IsFalse(whole[0].eq(whole[1]).all().ToBoolean());
    }

    [TestMethod]
    public void Apply_ChannelsLast_DropsTheSameAndKeepsTheOrder()
    {
        using var scope = NewDisposeScope();
        var x = ones(2, 3, 4, 6);

        var plain = Dropped(x);
        var last = Dropped(ChannelsLast.Of(x));

        Assert.IsTrue(plain.eq(last).all().ToBoolean());
        Assert.IsTrue(plain.is_contiguous());
        Assert.IsTrue(ChannelsLast.Holds(last));
    }

    // The order of the elements is a promise to every later version: [H][W][C], from the sample's first number on.
    [TestMethod]
    public void Apply_ElementOrder_IsRowThenColumnThenChannel()
    {
        using var scope = NewDisposeScope();
        var expected = new float[3 * 4 * 6];
        _numbers.Choices(sample: 7, draw: 1, expected, Probability, (float)(1 / (1 - Probability)));

        var y = Dropped(ones(1, 3, 4, 6), firstSample: 7, layer: 1);

        CollectionAssert.AreEqual(expected, y.permute(0, 2, 3, 1).contiguous().data<float>().ToArray());
    }

    [TestMethod]
    public void Apply_AnotherLayer_DropsOthers()
    {
        using var scope = NewDisposeScope();
        var x = ones(1, 3, 4, 6);

        Assert.IsFalse(Dropped(x, layer: 0).eq(Dropped(x, layer: 1)).all().ToBoolean());
    }

    [TestMethod]
    public void Apply_OtherTypes_DropTheSame()
    {
        using var scope = NewDisposeScope();
        var x = ones(1, 3, 4, 6);

        foreach (var type in (ScalarType[])[ScalarType.BFloat16, ScalarType.Float64])
        {
            var y = Dropped(x.to(type));

            Assert.AreEqual(type, y.dtype);
            Assert.IsTrue(Dropped(x).eq(0).eq(y.eq(0)).all().ToBoolean());
        }
    }

    // Each place of the network drops by its own number: otherwise two layers of one size would drop the same features.
    [TestMethod]
    public void Network_EveryResidualBlock_HasAPlaceOfItsOwn()
    {
        var plan =
            new UNetPlan(
                new UNetOptions
                {
                    BaseChannels = 4,
                    ChannelMultipliers = [1, 1],
                    NumberOfResidualBlocks = 1,
                    AttentionResolutions = [],
                    NumberOfNormalizationGroups = 2,
                    Dropout = 0.1,
                },
                1,
                1,
                8,
                8);

        var places = plan.Nodes.OfType<DropoutNode>().Select(node => node.Place).ToArray();

        CollectionAssert.AreEqual(Enumerable.Range(0, 8).ToArray(), places, "two on the way down, two in the middle, four on the way up");
    }

    private static Tensor Dropped(Tensor x, long firstSample = 0, int layer = 0) =>
        new SeededDropout(Probability, _numbers, firstSample).Apply(x, layer);
}
