using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Architecture;

/// <summary>Samplers and generation compute numbers of their own, not tensors.</summary>
[TestClass]
public sealed class NumbersTests
{
    [TestMethod]
    [DataRow("Samplers")]
    [DataRow("Schedules")]
    [DataRow("Generation")]
    public void Room_OfNumbers_NamesNothingOfTorchSharp(string room)
    {
        var files = Directory.GetFiles(BuildFiles.InRoot($"Microsoft.ML.Diffusion/{room}"), "*.cs", SearchOption.AllDirectories);

        Assert.IsNotEmpty(files);
        foreach (var file in files)
        {
            Assert.DoesNotContain("TorchSharp", File.ReadAllText(file), file);
        }
    }
}
