using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>The CPU's engine against libtorch in double.</summary>
[TestClass]
public sealed class CpuEngineTests
{
    /// <summary>A part of what <c>fuzz -- networks</c> computes.</summary>
    [TestMethod]
    public void Networks_OfRandomOptions_EqualFloat64()
    {
        var networks = new RandomNetworks(seed: 1);
        for (var i = 0; i < 200; i++)
        {
            var network = networks.Next();
            var comparison = new EngineComparison(network, seed: i);
            var images = 1 + (i % 5);

            Assert.IsLessThan(1, comparison.Outputs(images), $"output of network {i}, {images} images: {network}");
            var (difference, weight) = comparison.Gradients(images);
            Assert.IsLessThan(1, difference, $"gradient of {weight} of network {i}, {images} images: {network}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Network_OfEachOption_EqualsFloat64(string name)
    {
        var comparison = new EngineComparison(NetworkCases.All[name], seed: 3);

        Assert.IsLessThan(1, comparison.Outputs(3));
        var (difference, weight) = comparison.Gradients(3);
        Assert.IsLessThan(1, difference, weight);
    }

    public static IEnumerable<string> Names => NetworkCases.All.Keys;
}
