namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>What is painted against what the kept part leaves likely.</summary>
[TestClass]
public sealed class ExactInpaintingTests
{
    private const int Samples = 4_000; // shares have a standard error of 0.008

    [TestMethod]
    public void Paint_MoreResamplings_ComeCloserToTheConditionalDistribution()
    {
        var (one, five, ten) = (Paint(1), Paint(5), Paint(10, jumpLength: 10));

        Assert.AreEqual(0.4, ExactInpainting.ExactShare, 1e-12);
        Assert.IsLessThan(0.3, one.Share); // as if nothing were kept: 0.2
        Assert.IsLessThan(five.Share, one.Share + 0.03);
        Assert.AreEqual(ExactInpainting.ExactShare, ten.Share, 0.06);
        Assert.IsLessThan(five.Distance, ten.Distance);
        Assert.IsLessThan(one.Distance, five.Distance);
    }

    // A jump over several steps lets a sample change the mode that it is in.
    [TestMethod]
    public void Paint_LongerJumps_ComeCloser() => Assert.IsLessThan(Paint(10).Distance, Paint(10, jumpLength: 10).Distance);

    private static (double Share, double Distance) Paint(int resamplings, int jumpLength = 1) =>
        ExactInpainting.Paint(
            new DpmSolverSampler(50, stochastic: true) { Timesteps = TimestepSubset.LogSnr(50) },
            resamplings,
            jumpLength,
            Samples,
            seed: 1);
}
