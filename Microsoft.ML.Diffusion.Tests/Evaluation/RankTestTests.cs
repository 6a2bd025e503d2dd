using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class RankTestTests
{
    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(4, 2)]
    [DataRow(5, 5)]
    public void Probability_IsThatOfAllOrders(int others, int rank)
    {
        const int Count = 5;
        var found = new double[Count + 1];
        var orders = Enumerable.Range(0, 1 << (others + Count)).Where(bits => int.PopCount(bits) == others).ToList(); // a bit for each of the others
        foreach (var order in orders)
        {
            found[Below(order, rank)]++;
        }

        for (var below = 0; below <= Count; below++)
        {
            Assert.AreEqual(found[below..].Sum() / orders.Count, RankTest.Probability(below, Count, rank, others), 1e-12, $"{below}");
        }
    }

    [TestMethod]
    public void Probability_LargeSamples_IsThatOfTheNormalLimit()
    {
        // 10,000 of each, below the 1 % quantile: 100 are expected, with a deviation of about sqrt(2 * 100 * 0.99) = 14.1.
        Assert.AreEqual(0.5, RankTest.Probability(100, 10_000, 100, 10_000), 0.03);
        Assert.AreEqual(0.023, RankTest.Probability(129, 10_000, 100, 10_000), 0.01);
        Assert.IsLessThan(1e-12, RankTest.Probability(500, 10_000, 100, 10_000));
        Assert.IsLessThan(1e-300, RankTest.Probability(10_000, 10_000, 5_000, 10_000));
    }

    // The values of the sample before the rank-th of the others.
    private static int Below(int order, int rank)
    {
        var (position, seen) = (0, 0);
        while (seen < rank)
        {
            seen += (order >> position++) & 1;
        }

        return position - rank;
    }
}
