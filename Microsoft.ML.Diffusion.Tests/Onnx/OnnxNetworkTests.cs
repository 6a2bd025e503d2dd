using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Onnx;

/// <summary>Networks in ONNX files predict what the CPU's engine does.</summary>
[TestClass]
public sealed class OnnxNetworkTests
{
    public static IEnumerable<string> Names => NetworkCases.All.Keys;

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Network_OfEachOption_PredictsTheSame(string name) =>
        Assert.IsLessThan(1, OnnxComparison.Outputs(NetworkCases.All[name], seed: 3, images: 3));

    [TestMethod]
    public void Network_OfRandomOptions_PredictsTheSame()
    {
        var networks = new RandomNetworks(seed: 17);
        for (var i = 0; i < 60; i++)
        {
            var network = networks.Next();
            Assert.IsLessThan(1, OnnxComparison.Outputs(network, seed: i, images: 1 + (i % 5)), $"{i}: {network}");
        }
    }
}
