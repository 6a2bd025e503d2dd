using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class LearnedVarianceNoiseTests
{
    [TestMethod]
    public void Split_Output_HalvesTheChannelsOfEachImage()
    {
        var (prediction, interpolation) = LearnedVariance.Split(new Batch([1, 2, 3, 4, 5, 6, 7, 8], 2));

        CollectionAssert.AreEqual(new double[] { 1, 2, 5, 6 }, prediction.Values);
        CollectionAssert.AreEqual(new double[] { 3, 4, 7, 8 }, interpolation.Values);
    }

    // v of -1 is the smaller variance, 1 the larger, 0 the geometric mean.
    [TestMethod]
    [DataRow(-1.0, 0.2)]
    [DataRow(1.0, 0.8)]
    [DataRow(0.0, 0.4)]
    public void Noise_Interpolation_HasTheVarianceBetween(double v, double deviation)
    {
        var noise = LearnedVariance.Noise(new Batch([v, v], 2), new Batch([1, -2], 2), Math.Log(0.2 * 0.2), Math.Log(0.8 * 0.8));

        Assert.AreEqual(deviation, noise.Values[0], 1e-15);
        Assert.AreEqual(-2 * deviation, noise.Values[1], 1e-15);
    }
}
