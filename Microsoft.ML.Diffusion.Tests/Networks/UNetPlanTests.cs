using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Engines;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>Plans of all options are whole, and TorchSharp computes what they say.</summary>
[TestClass]
public sealed class UNetPlanTests
{
    public static IEnumerable<object[]> Names => NetworkCases.All.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Nodes_OfEachOption_ReadWhatIsThereAndAreReadByOthers(string name)
    {
        var plan = Plan(name);
        var read = new HashSet<int>();
        foreach (var (index, node) in plan.Nodes.Index())
        {
            foreach (var input in node.Inputs)
            {
                Assert.IsTrue(input >= 0 && input < index, $"{index} {node}");
                read.Add(input);
            }
        }

        CollectionAssert.AreEquivalent(Enumerable.Range(0, plan.Nodes.Count - 1).ToArray(), read.ToArray(), "all but the last");
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Weights_OfEachOption_BelongToOneNodeEach(string name)
    {
        var plan = Plan(name);

        var names = plan.Nodes.SelectMany(node => node.Weights).Select(weight => weight.Name).ToArray();

        CollectionAssert.AllItemsAreUnique(names);
        CollectionAssert.AreEquivalent(plan.Weights.Select(weight => weight.Name).ToArray(), names);
        CollectionAssert.AreEquivalent(plan.Weights.ToArray(), plan.BufferedWeights.ToArray());
        CollectionAssert.AllItemsAreUnique(
            plan.Weights.GroupBy(weight => weight.Layer).Select(layer => plan.LayerNumber(layer.First())).ToArray());
    }

    // A sum writes over the first of its inputs where nothing else reads it, and so do silu and dropout.
    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Nodes_ThatWriteOverTheirInputs_ReadOutputsThatNoGradientNeeds(string name)
    {
        var plan = Plan(name);
        foreach (var sum in plan.Nodes.OfType<AddNode>())
        {
            Assert.AreEqual(plan.Nodes[sum.Input] is ConvolutionNode, plan.Lifetimes.IsReadOnce(sum.Input), $"{sum}");
        }

        foreach (var step in plan.Nodes.OfType<PlanStep>().Where(step => step is SiluNode or DropoutNode or ClassEmbeddingNode or AugmentationEmbeddingNode))
        {
            Assert.IsTrue(plan.Lifetimes.IsReadOnce(step.Input), $"{step}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Shapes_OfEachOption_AreThoseThatAreComputed(string name)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var network = NetworkCases.All[name];
        using var unet = network.Create();
        var x = zeros(2, network.Channels, network.Height, network.Width);
        var labels = network.Classes > 0 ? tensor([1L, -1L]) : null;
        var walk = new TorchWalk(unet, x, tensor([3f, 700f]), labels);
        foreach (var (i, node) in unet.Plan.Nodes.Index())
        {
            CollectionAssert.AreEqual(node.Shape.Of(2), walk.To(i).shape, $"{i} {node}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Walk_WithoutGradient_HoldsBehindEachBlockWhatIsStillRead(string name)
    {
        using var noGrad = no_grad();
        var network = NetworkCases.All[name];
        using var unet = network.Create();
        using var x = zeros(1, network.Channels, network.Height, network.Width);
        using var timesteps = tensor([3f]);
        using var labels = network.Classes > 0 ? tensor([1L]) : null;
        using var scope = NewDisposeScope();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var walk = new TorchWalk(unet, x, timesteps, labels);
        var ended = 0;
        foreach (var (i, node) in unet.Plan.Nodes.Index())
        {
            walk.To(i);

            ended += unet.Plan.Lifetimes.EndingAt(i).Count;
            if (node is AddNode)
            {
                Assert.AreEqual(i + 1 - ended, DisposeScopeManager.Statistics.ThreadTotalLiveCount - before, $"{i} {node}");
            }
        }
    }

    [TestMethod]
    public void Lifetimes_EachValue_EndsAtTheLastNodeThatReadsIt()
    {
        var plan = Plan("heads");
        for (var i = 0; i < plan.Nodes.Count; i++)
        {
            foreach (var value in plan.Lifetimes.EndingAt(i))
            {
                Assert.Contains(value, plan.Nodes[i].Inputs);
                Assert.IsFalse(plan.Nodes.Skip(i + 1).Any(node => node.Inputs.Contains(value)), $"{value} is read after {i}");
            }
        }

        var ended = Enumerable.Range(0, plan.Nodes.Count).SelectMany(i => plan.Lifetimes.EndingAt(i)).ToArray();
        CollectionAssert.AreEquivalent(Enumerable.Range(0, plan.Nodes.Count - 1).ToArray(), ended);
    }

    [TestMethod]
    public void Plan_OfThePapersCifarNetwork_CountsWithoutATensor()
    {
        var options =
            new UNetOptions { BaseChannels = 128, ChannelMultipliers = [1, 2, 2, 2], NumberOfResidualBlocks = 2, AttentionResolutions = [16] };
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        var plan = new UNetPlan(options, 3, 3, 32, 32);

        Assert.AreEqual(35_746_307, plan.NumberOfParameters); // "35.7M": Ho et al. 2020, appendix B
        Assert.HasCount(328, plan.Weights);
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void ToString_SmallNetwork_ListsItsNodes()
    {
        var options = new UNetOptions
        {
            BaseChannels = 4,
            ChannelMultipliers = [1],
            NumberOfResidualBlocks = 1,
            AttentionResolutions = [],
            NumberOfNormalizationGroups = 2,
            Details = new UNetDetails { Middle = UNetMiddle.None },
        };

        var lines = new UNetPlan(options, 1, 1, 8, 8).ToString().Split('\n');

        CollectionAssert.AreEqual(Lines("""
            0 sines and cosines of the timesteps, shift 1: 4
            1 linear of 0 by time_embedding.linear_1: 16
            2 silu of 1: 16
            3 linear of 2 by time_embedding.linear_2: 16
            4 silu of 3: 16
            5 images: 1x8x8
            6 convolution 3x3 of 5 by conv_in: 4x8x8
            7 group norm in 2 groups, epsilon 1E-06, silu of 6 by down_blocks.0.resnets.0.norm1: 4x8x8
            8 linear of 4 by down_blocks.0.resnets.0.time_emb_proj: 4
            9 convolution 3x3 plus features of 7, 8 by down_blocks.0.resnets.0.conv1: 4x8x8
            10 group norm in 2 groups, epsilon 1E-06, silu of 9 by down_blocks.0.resnets.0.norm2: 4x8x8
            11 dropout 0 of 10: 4x8x8
            12 convolution 3x3 of 11 by down_blocks.0.resnets.0.conv2: 4x8x8
            13 sum of 12, 6: 4x8x8
            14 concatenation of 13, 13: 8x8x8
            """), lines[..15]);
        Assert.HasCount(34, lines);
        StringAssert.Contains(File.ReadAllText(BuildFiles.InRoot("docs/architecture.md")).ReplaceLineEndings("\n"), string.Join('\n', lines[6..14]));
    }

    [TestMethod]
    [DataRow("classes", "4 sum with one of 3 class vectors of 3 by class_embedding: 32")]
    [DataRow("augmentation", "5 sum with 9 weighted augmentation vectors of 4 by augment_embedding: 32")]
    [DataRow("diffusers", "0 cosines and sines of the timesteps, shift 0: 8")]
    [DataRow("diffusers", "6 2 x - 1 of 5: 3x8x8")]
    [DataRow("tiny", "convolution 3x3 with stride 2, padding 0 and 1 of 13 by down_blocks.0.downsamplers.0.conv: 8x4x4")]
    [DataRow("tiny", "convolution 3x3 on repeated pixels of ")]
    [DataRow("heads", "attention with 4 heads of ")]
    [DataRow("middle divided", "1/1.4142 of the sum of ")]
    [DataRow("middle divided", "group norm in 2 groups, epsilon 1E-06 of ")]
    [DataRow("patches", "folding by 2x2 of ")]
    [DataRow("patches", "unfolding by 2x2 of ")]
    [DataRow("averaged and repeated", "2x2 average of ")]
    [DataRow("averaged and repeated", "2x2 repetition of ")]
    [DataRow("middle without norm", "scale and shift of ")]
    [DataRow("tiny", "pixels of ")]
    [DataRow("tiny", "image of ")]
    public void ToString_EachOption_NamesItsOperations(string name, string part)
    {
        StringAssert.Contains(Plan(name).ToString(), part);
    }

    [TestMethod]
    public void Trained_OfAPlanWithAugmentation_IsThePlanWithout()
    {
        var network = NetworkCases.All["augmentation"];
        var (plan, without) = (network.CreatePlan(), (network with { Augmentation = 0 }).CreatePlan());

        Assert.AreEqual(without.ToString(), plan.Trained.ToString());
        Assert.AreSame(without, without.Trained);
        Assert.AreEqual("augment_embedding.weight [9, 32]", plan.Weights.Except(without.Weights).Single().ToString());
        CollectionAssert.IsSubsetOf(without.BufferedWeights.ToArray(), plan.BufferedWeights.ToArray());
    }

    [TestMethod]
    public void WeightsFor_APlanWithAugmentationAndBack_AreTheSameAndZeros()
    {
        var plan = NetworkCases.All["augmentation"].CreatePlan();
        var weights = EngineInputs.Weights(plan.Trained);

        var augmented = weights.For(plan);

        Assert.AreSame(augmented, augmented.For(plan));
        Assert.IsFalse(augmented["augment_embedding.weight"].ContainsAnyExcept(0f));
        CollectionAssert.AreEqual(weights.All.ToArray(), augmented.For(plan.Trained).All.ToArray());
    }

    [TestMethod]
    public void WeightOrder_NameOfAnUnknownLayer_IsRefused()
    {
        var weights = LayerWeights.Normalization("conv_on", channels: 4).Both;

        var error = Assert.ThrowsExactly<ArgumentException>(() => WeightOrder.OfFiles.Sort(weights));

        StringAssert.StartsWith(error.Message, "conv_on.weight: 'conv_on' has no place in the order of weights.");
    }

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").Split('\n');

    private static UNetPlan Plan(string name) => NetworkCases.All[name].CreatePlan();
}
