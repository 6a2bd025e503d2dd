using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public sealed class BatchTests
{
    // Fewer than a vector holds, a piece and one more, and so many that threads share them.
    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(3, 5)]
    [DataRow(1, 2049)]
    [DataRow(7, 40_001)]
    public void Sum_AnyLength_RoundsEachProductAndSumByItself(int count, int length)
    {
        var (x, y, z) = (Batches.Normal(count, length, 1), Batches.Normal(count, length, 2), Batches.Normal(count, length, 3));

        var (sum, quotient) = (Batch.Sum((0.3, x), (-1.7, y), (1e-3, z)), Batch.Quotient(0.7, (0.3, x), (-1.7, y)));

        for (var i = 0; i < sum.Values.Length; i++)
        {
            var two = (0.3 * x.Values[i]) + (-1.7 * y.Values[i]);
            Assert.AreEqual(two + (1e-3 * z.Values[i]), sum.Values[i], $"{i}");
            Assert.AreEqual(two / 0.7, quotient.Values[i], $"{i}");
        }

        Assert.AreEqual((count, length), (sum.Count, sum.Length));
    }

    [TestMethod]
    public void Quotient_NothingToDivideBy_IsInfiniteOrNotANumber()
    {
        var quotient = Batch.Quotient(0, (1, new Batch([1, -2, 0], 1)));

        CollectionAssert.AreEqual(new[] { double.PositiveInfinity, double.NegativeInfinity, double.NaN }, quotient.Values);
    }

    [TestMethod]
    public void Sum_BatchesOfOtherShapes_IsRefused()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Batch.Sum((1, new Batch(2, 3)), (1, new Batch(3, 2))));

        StringAssert.StartsWith(error.Message, "The batches must be of one shape, but are 2 of 3 numbers and 3 of 2.");
    }

    [TestMethod]
    public void Of_SinglePrecision_IsWidenedAndRoundedBack()
    {
        float[] values =
            [0, -0f, 1.5f, float.Epsilon, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, .. Enumerable.Range(0, 40).Select(i => i / 7f)];

        var batch = Batch.Of(values, 2);

        CollectionAssert.AreEqual(Array.ConvertAll(values, value => (double)value), batch.Values);
        CollectionAssert.AreEqual(values, batch.ToSingle());
        Assert.AreEqual((2, 24), (batch.Count, batch.Length));
    }

    [TestMethod]
    public void ToSingle_NumbersBetween_RoundsToTheNearest()
    {
        double[] values =
            [1 + Math.Pow(2, -24), 1 + (3 * Math.Pow(2, -24)), 1 + (1.01 * Math.Pow(2, -24)), -1 - (0.99 * Math.Pow(2, -24)), 1e300, -1e300, 1e-60, .. Enumerable.Range(1, 40).Select(i => 1.0 / i)];

        CollectionAssert.AreEqual(Array.ConvertAll(values, value => (float)value), new Batch(values, 1).ToSingle());
    }

    [TestMethod]
    public void Times_FactorsOfImages_MultiplyEachItsOwn() =>
        CollectionAssert.AreEqual(new double[] { 2, 4, -3, -4 }, new Batch([1, 2, 3, 4], 2).Times([2, -1]).Values);

    [TestMethod]
    public void SelectTakeAndConcat_AreOfWholeImages()
    {
        var batch = new Batch([1, 2, 3, 4, 5, 6], 3);

        CollectionAssert.AreEqual(new double[] { 5, 6, 1, 2, 5, 6 }, batch.Select([2, 0, 2]).Values);
        CollectionAssert.AreEqual(new double[] { 1, 2, 3, 4 }, batch.Take(2).Values);
        Assert.AreSame(batch, batch.Take(3));
        CollectionAssert.AreEqual(new double[] { 1, 2, 3, 4, 5, 6, 3, 4 }, batch.Concat(batch.Select([1])).Values);
        Assert.ThrowsExactly<ArgumentException>(() => batch.Concat(new Batch(1, 3)));
    }

    [TestMethod]
    [DataRow(0, 100_000L)]
    [DataRow(1, 100_000L)]
    [DataRow(5, 10L)]
    [DataRow(1000, 1_000_000L)]
    public void ForParts_AnyNumber_ComputesEachItemOnce(int items, long numbers)
    {
        var computed = new int[items];

        HostThreads.ForParts(items, numbers, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                Interlocked.Increment(ref computed[i]);
            }
        });

        Assert.IsTrue(computed.All(times => times == 1));
    }
}
