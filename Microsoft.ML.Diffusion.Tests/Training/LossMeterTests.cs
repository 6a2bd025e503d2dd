using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class LossMeterTests
{
    [TestMethod]
    public void Read_CountsWhatHappenedSinceTheLastTime()
    {
        var meter = new LossMeter();
        meter.Add(double.NaN, isTaken: false);
        meter.Add(3, isTaken: true);
        meter.Add(0.5, isTaken: true);
        meter.Add(double.PositiveInfinity, isTaken: false);
        meter.Add(2, isTaken: false); // its loss was finite, but not its gradient

        Assert.AreEqual(new LossTotals(Sum: 3.5, Taken: 2, Skipped: 3, SkippedLast: 2, LastLoss: 0.5), meter.Read());
        Assert.AreEqual(new LossTotals(0, 0, 0, 0, 0), meter.Read());

        meter.Add(1, isTaken: false);
        Assert.AreEqual(new LossTotals(0, 0, Skipped: 1, SkippedLast: 1, 0), meter.Read());
    }
}
