using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>The CPU's engine against libtorch in double.</summary>
[TestClass]
public sealed class CpuEngineTests
{
    /// <summary>A part of what <c>fuzz -- networks</c> computes.</summary>
    [TestMethod]
    public void Networks_OfRandomOptions_EqualFloat64() =>
        Assert.IsNull(FirstWrong(networks: 200, seed: 1));

    /// <summary>The widths and instructions of other processors, as far as this one can do without its own.</summary>
    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DataRow("DOTNET_EnableAVX512")]
    [DataRow("DOTNET_EnableAVX2")]
    [DataRow("DOTNET_EnableAVX")]
    [DataRow("DOTNET_EnableHWIntrinsic")]
    public void Networks_OnALesserProcessor_EqualFloat64(string without) =>
        Assert.AreEqual("right", ChildProcess.RunWith(new Dictionary<string, string> { [without] = "0" }, "networks"));

    /// <summary>Compares random networks.</summary>
    /// <returns>The first that is wrong, and where; null if there is none.</returns>
    internal static string? FirstWrong(int networks, int seed)
    {
        var random = new RandomNetworks(seed);
        for (var i = 0; i < networks; i++)
        {
            var network = random.Next();
            var (comparison, images) = (new EngineComparison(network, seed: i), 1 + (i % 5));
            var (output, (gradient, weight)) = (comparison.Outputs(images), comparison.Gradients(images));
            if (!(output < 1 && gradient < 1))
            {
                return $"network {i}, {images} images: output {output}, gradient of {weight} {gradient} of what may be: {network}";
            }
        }

        return null;
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
