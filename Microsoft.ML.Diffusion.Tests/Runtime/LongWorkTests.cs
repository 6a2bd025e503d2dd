using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public sealed class LongWorkTests
{
    [TestMethod]
    public void Done_WorkThatTakesLong_IsHeardOfAfterTwoSecondsAndThenEveryTen()
    {
        var now = TimeSpan.Zero;
        List<string> told = [];
        var work = new LongWork(done => $"{done} of 300", told.Add, () => now);
        for (var part = 1; part <= 300; part++)
        {
            now = TimeSpan.FromSeconds(0.1 * part);
            work.Done();
        }

        Assert.AreSequenceEqual(["20 of 300", "120 of 300", "220 of 300"], told);
    }

    [TestMethod]
    public void Done_ByOtherThreads_IsCountedAndToldByTheFirst()
    {
        List<string> told = [];
        var work = new LongWork(done => $"{done}", told.Add, () => TimeSpan.FromSeconds(3));
        var other = new Thread(() =>
        {
            work.Done();
            work.Done();
        });
        other.Start();
        other.Join();
        Assert.IsEmpty(told);

        work.Done();

        Assert.AreSequenceEqual(["3"], told);
    }

    [TestMethod]
    public void Done_WorkThatIsSoonOver_IsNotHeardOf()
    {
        var work = new LongWork(done => $"{done}", text => Assert.Fail(text), () => TimeSpan.FromSeconds(1.9));
        Parallel.For(0, 100, _ => work.Done());
    }
}
