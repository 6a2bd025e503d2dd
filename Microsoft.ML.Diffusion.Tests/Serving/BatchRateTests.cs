using Microsoft.ML.Diffusion.Serving;

namespace Microsoft.ML.Diffusion.Tests.Serving;

[TestClass]
public sealed class BatchRateTests
{
    [TestMethod]
    public void TimeFor_FollowsTheBatches_TheLastMost()
    {
        var rate = new BatchRate();
        Assert.AreEqual(TimeSpan.FromSeconds(1), rate.TimeFor(100), "nothing is known");

        rate.Add(4, TimeSpan.FromSeconds(8));
        Assert.AreEqual(TimeSpan.FromSeconds(20), rate.TimeFor(10));

        rate.Add(1, TimeSpan.FromSeconds(1));
        Assert.AreEqual(17, rate.TimeFor(10).TotalSeconds, 1e-6); // 2 s an image, less 0.3 of the second that the last was faster
        Assert.AreEqual(TimeSpan.FromSeconds(1), rate.TimeFor(0));
    }
}
