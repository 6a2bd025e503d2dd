using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Engines;

[TestClass]
public sealed class TorchNetworkTests
{
    public static IEnumerable<object[]> Names => NetworkCases.All.Keys.Except(["default"]).Select(name => new object[] { name });

    [TestMethod]
    public void Read_AnyNumbers_AreThoseThatWereGiven()
    {
        var plan = NetworkCases.All["classes"].CreatePlan();
        var weights = EngineInputs.Weights(plan);
        float[] special = [-0f, float.Epsilon, float.MaxValue, float.NegativeInfinity, BitConverter.UInt32BitsToSingle(0x7FC0_1234)];
        special.CopyTo(weights["conv_out.weight"]);
        using var network = new TorchNetwork(plan, weights, ComputeDevice.Torch);
        var read = new NetworkWeights(plan);

        network.Read(read);

        CollectionAssert.AreEqual(Bits(weights.All), Bits(read.All));
        Assert.AreEqual(ComputeDevice.Torch, network.Device);
    }

    [TestMethod]
    public void Create_WeightsChangedAfterwards_AreNotTheNetworks()
    {
        var plan = NetworkCases.All["tiny"].CreatePlan();
        var weights = EngineInputs.Weights(plan);
        using var network = new TorchNetwork(plan, weights, ComputeDevice.Torch);
        var before = weights.Copy();

        weights.All.Clear();

        var read = new NetworkWeights(plan);
        network.Read(read);
        CollectionAssert.AreEqual(Bits(before.All), Bits(read.All));
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Predict_EachOption_EqualsDouble(string name)
    {
        var network = NetworkCases.All[name];
        var weights = EngineInputs.Weights(network.CreatePlan());
        using var single = new TorchNetwork(network.CreatePlan(), weights, ComputeDevice.Torch);
        using var exact = new TorchNetwork(network.CreatePlan(), weights, ComputeDevice.Torch, ScalarType.Float64);
        var input = EngineInputs.Batch(network, 3);

        Assert.IsLessThan(1e-5, EngineInputs.Difference(EngineInputs.Predict(exact, input), EngineInputs.Predict(single, input)));
        Assert.IsLessThan(1e-5, EngineInputs.Difference(EngineInputs.Bottleneck(exact, input), EngineInputs.Bottleneck(single, input)));
    }

    // 5 images on 4 threads are parts of 2, the last of which begins with an image of the one before it.
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(4)]
    public void Predict_OnThreads_GivesEachImageItsOwn(int threads)
    {
        var network = NetworkCases.All["classes"];
        using var exact = new TorchNetwork(network.CreatePlan(), EngineInputs.Weights(network.CreatePlan()), ComputeDevice.Torch, ScalarType.Float64);
        var input = EngineInputs.Batch(network, 5);
        float[] expected = [.. Enumerable.Range(0, 5).SelectMany(i => EngineInputs.Predict(exact, input.Part(i, 1)))];

        var actual = OnThreads(threads, () => EngineInputs.Predict(exact, input));

        Assert.IsLessThan(1e-6, EngineInputs.Difference(expected, actual));
        Assert.HasCount(5, actual.Chunk(actual.Length / 5).Select(image => image[0]).Distinct());
    }

    [TestMethod]
    public void Predict_OneTimestepForAll_EqualsOneForEach()
    {
        var network = NetworkCases.All["tiny"];
        using var engine = new TorchNetwork(network.CreatePlan(), EngineInputs.Weights(network.CreatePlan()), ComputeDevice.Torch);
        var input = EngineInputs.Batch(network, 3);

        var shared = EngineInputs.Predict(engine, input with { Timesteps = new float[] { 40 } });
        var each = EngineInputs.Predict(engine, input with { Timesteps = new float[] { 40, 40, 40 } });

        Assert.IsLessThan(1e-5, EngineInputs.Difference(each, shared));
        Assert.IsGreaterThan(1e-3, EngineInputs.Difference(each, EngineInputs.Predict(engine, input)), "timesteps matter");
    }

    [TestMethod]
    public void Predict_NetworkWithDropout_DropsNothingAndLeavesNoTensor()
    {
        var network = NetworkCases.All["wide"];
        using var engine = new TorchNetwork(network.CreatePlan(), EngineInputs.Weights(network.CreatePlan()), ComputeDevice.Torch);
        var input = EngineInputs.Batch(network, 1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        CollectionAssert.AreEqual(EngineInputs.Predict(engine, input), EngineInputs.Predict(engine, input));
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static T OnThreads<T>(int threads, Func<T> compute)
    {
        var before = get_num_threads();
        try
        {
            set_num_threads(threads);
            return compute();
        }
        finally
        {
            set_num_threads(before);
        }
    }

    private static uint[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new uint[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            bits[i] = BitConverter.SingleToUInt32Bits(values[i]);
        }

        return bits;
    }
}
