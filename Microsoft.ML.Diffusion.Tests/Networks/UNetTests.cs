using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks;

[TestClass]
public sealed class UNetTests
{
    private static readonly UNetOptions _small =
        new() { BaseChannels = 64, ChannelMultipliers = [1, 2, 2], NumberOfResidualBlocks = 2, AttentionResolutions = [16] };

    private static readonly UNetOptions _tiny =
        new()
        {
            BaseChannels = 8,
            ChannelMultipliers = [1, 2],
            NumberOfResidualBlocks = 1,
            AttentionResolutions = [4],
            NumberOfNormalizationGroups = 4,
        };

    [TestMethod]
    public void Parameters_OfTheSmallBenchmark_AreAsManyAsItsDefinitionSays()
    {
        using var network = new UNet(new UNetPlan(_small, 3, 3, 32, 32));

        Assert.AreEqual(6_472_195, network.parameters().Sum(parameter => parameter.numel()));
    }

    [TestMethod]
    public void Parameters_OfThePapersCifarNetwork_AreAsManyAsThere()
    {
        using var network = new UNet(new UNetPlan(_small with { BaseChannels = 128, ChannelMultipliers = [1, 2, 2, 2] }, 3, 3, 32, 32));

        Assert.AreEqual(35_746_307, network.parameters().Sum(parameter => parameter.numel())); // "35.7M": Ho et al. 2020, appendix B
        Assert.HasCount(328, network.parameters());
    }

    [TestMethod]
    [DataRow(8, 8)]
    [DataRow(8, 16)]
    public void Forward_AnyAspect_KeepsTheShape(int height, int width)
    {
        using var network = new UNet(new UNetPlan(_tiny, 3, 6, height, width));
        using var x = zeros(2, 3, height, width);
        using var timesteps = Timesteps(0, 999);

        using var prediction = network.Forward(x, timesteps);

        CollectionAssert.AreEqual(new long[] { 2, 6, height, width }, prediction.shape);
    }

    [TestMethod]
    public void Forward_OneTimestepForAll_EqualsOneForEach()
    {
        using var scope = NewDisposeScope();
        var network = Initialized(seed: 1);
        var x = Noise(seed: 2, 3, 1, 8, 8);

        var shared = network.Forward(x, Timesteps(40));
        var each = network.Forward(x, Timesteps(40, 40, 40));

        Assert.IsLessThan(1e-6, (shared - each).abs().max().ToDouble());
    }

    [TestMethod]
    public void Forward_WithoutGradient_LeavesOnlyItsResultAlive()
    {
        using var noGrad = no_grad();
        using var network = Initialized(seed: 1);
        using var x = Noise(seed: 2, 1, 1, 8, 8);
        using var timesteps = Timesteps(5);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using var prediction = network.Forward(x, timesteps);

        Assert.AreEqual(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void To_TypeThatTheWeightsHave_LeavesThemAndAnotherReplacesThem()
    {
        using var network = Initialized(seed: 1);
        var before = network.parameters().ToList();

        network.to(ScalarType.Float32);
        network.to(CPU);
        CollectionAssert.AreEqual(before, network.parameters().ToList());

        network.to(ScalarType.Float64);
        Assert.IsTrue(network.parameters().All(weight => weight.dtype == ScalarType.Float64 && weight.requires_grad && weight.is_leaf));
        Assert.IsTrue(before.All(weight => weight.IsInvalid));
    }

    [TestMethod]
    public void Dispose_FreesAllWeights()
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var network = Initialized(seed: 1);
        Assert.AreEqual(before + network.Plan.Weights.Count, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        network.Dispose();
        network.Dispose();

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Initialize_SameSeed_GivesTheSameWeights()
    {
        using var scope = NewDisposeScope();
        var (first, again, other) = (Weights(Initialized(seed: 7)), Weights(Initialized(seed: 7)), Weights(Initialized(seed: 8)));

        Assert.IsTrue(first.equal(again).all().ToBoolean());
        Assert.IsFalse(first.equal(other).all().ToBoolean());
    }

    [TestMethod]
    public void Initialize_LastLayers_PredictZero()
    {
        using var scope = NewDisposeScope();
        var network = Initialized(seed: 3);

        var prediction = network.Forward(Noise(seed: 4, 2, 1, 8, 8), Timesteps(10));

        Assert.AreEqual(0, prediction.abs().max().ToDouble());
    }

    [TestMethod]
    public void Validate_DetailsThatMakeNoNetwork_AreRefused()
    {
        Refused(
            nameof(UNetDetails.LevelChannels),
            "[8, 10]",
            "must hold 1 to 16 multiples, up to 65536, of NumberOfNormalizationGroups (4), one for each level",
            _tiny with { Details = new UNetDetails { LevelChannels = [8, 10] } });
        Refused(
            nameof(UNetDetails.DownBlocks),
            "Residual",
            "must hold one block for each of the 2 levels",
            _tiny with { Details = new UNetDetails { DownBlocks = [UNetBlock.Residual] } });
        Refused(
            nameof(UNetDetails.UpBlocks),
            "Residual, 9",
            "must hold one block for each of the 2 levels",
            _tiny with { Details = new UNetDetails { UpBlocks = [UNetBlock.Residual, (UNetBlock)9] } });
        Refused(
            nameof(UNetDetails.Middle),
            "3",
            "must be None, Residual or Attention",
            _tiny with { Details = new UNetDetails { Middle = (UNetMiddle)3 } });
        Refused(
            nameof(UNetDetails.MiddleScale),
            "0",
            "must be a number above 0, because features are divided by it",
            _tiny with { Details = new UNetDetails { MiddleScale = 0 } });
        Refused(
            nameof(UNetDetails.MiddleAttentionGroups),
            "3",
            "must divide the channels of the last level, or be 0 for no normalization",
            _tiny with { Details = new UNetDetails { MiddleAttentionGroups = 3 } });
        Refused(
            nameof(UNetDetails.NormalizationEpsilon),
            "0",
            "must be a number above 0, because it keeps a division from failing",
            _tiny with { Details = new UNetDetails { NormalizationEpsilon = 0 } });
        Refused(
            nameof(UNetDetails.TimestepFeatures),
            "0",
            "must be from 1 to 262144; leave it null for four times BaseChannels",
            _tiny with { Details = new UNetDetails { TimestepFeatures = 0 } });
        Refused(
            nameof(UNetDetails.FrequencyShift),
            "4",
            "must be at least 0 and below half of BaseChannels (8), because frequencies are spaced by the difference",
            _tiny with { Details = new UNetDetails { FrequencyShift = 4 } });
        Refused(
            nameof(UNetDetails.DownsamplePadding),
            "2",
            "must be 0 or 1, because any other would not halve an image",
            _tiny with { Details = new UNetDetails { DownsamplePadding = 2 } });

        static void Refused(string option, string value, string rule, UNetOptions options) =>
            Messages.Expect<ArgumentOutOfRangeException>(
                $"{option} {rule}. (Parameter '{option}')\nActual value was {value}.",
                options.Validate);
    }

    private static UNet Initialized(long seed)
    {
        var network = new UNet(new UNetPlan(_tiny, 1, 1, 8, 8));
        network.Initialize(seed);
        return network;
    }

    private static Tensor Weights(UNet network) => cat([.. network.parameters().Select(parameter => parameter.detach().flatten())]);

    private static Tensor Timesteps(params long[] values) => tensor(values);

    private static Tensor Noise(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return empty(shape).normal_(generator: generator);
    }
}
