using Experiments.Statistics;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>What samples/Experiments counts on: intervals, lines, tables and cells on disk.</summary>
[TestClass]
public sealed class ExperimentStatisticsTests
{
    [TestMethod]
    public void Intervals_OfMeansOfManySamples_CoverTheTrueOneInAbout95Of100()
    {
        const int Experiments = 200, Count = 60;
        var random = new Random(1);
        var covered = 0;
        for (var i = 0; i < Experiments; i++)
        {
            double[] values = [.. Enumerable.Range(0, Count).Select(_ => random.NextDouble() - 0.5)];
            var replicates = new Bootstrap(300, seed: i).Replicates(Count, rows => rows.Average(row => values[row]));
            covered += Bootstrap.IntervalOf(values.Average(), replicates).ExcludesZero ? 0 : 1;
        }

        Assert.IsInRange(180, 198, covered);
    }

    // The variance with divisor N is too small by the N-th part of itself.
    [TestMethod]
    public void Bias_OfAVariance_IsFoundAndTakenOutOfTheInterval()
    {
        var random = new Random(2);
        double[] values = [.. Enumerable.Range(0, 20).Select(_ => random.NextDouble())];
        double Variance(IReadOnlyList<int> rows)
        {
            var mean = rows.Average(row => values[row]);
            return rows.Average(row => (values[row] - mean) * (values[row] - mean));
        }

        var estimate = Variance([.. Enumerable.Range(0, values.Length)]);
        var replicates = new Bootstrap(20_000, seed: 1).Replicates(values.Length, Variance);

        Assert.AreEqual(-estimate / values.Length, Bootstrap.BiasOf(estimate, replicates), 0.15 * estimate / values.Length);
        var (low, high) = Bootstrap.IntervalOf(estimate, replicates);
        Assert.AreEqual(Bootstrap.Quantile(replicates, 0.975) - Bootstrap.Quantile(replicates, 0.025), high - low, 1e-12);
        Assert.AreEqual(Bootstrap.Quantile(replicates, 0.025) - low, Bootstrap.BiasOf(estimate, replicates), 1e-12);
        Assert.IsInRange(low, high, estimate);
    }

    [TestMethod]
    public void Replicates_OfOneSeed_DrawTheSameRowsEachTimeAndOtherOnesEachDraw()
    {
        var draws = new List<int>[] { [], [] };
        foreach (var draw in draws)
        {
            new Bootstrap(1, seed: 7).Replicates(10, rows =>
            {
                draw.AddRange(rows);
                return 0;
            });
        }

        Assert.AreSequenceEqual(draws[0], draws[1]);
        Assert.IsTrue(draws[0].All(row => row is >= 0 and < 10));
        Assert.HasCount(50, new Bootstrap(50, seed: 7).Replicates(10, rows => rows.Aggregate(0.0, (sum, row) => (sum * 10) + row)).Distinct().ToList());
    }

    [TestMethod]
    public void Replicates_OfClasses_ReplaceEachRowByOneOfItsClass()
    {
        var seen = new HashSet<int>();
        new Bootstrap(200, seed: 3, classes: 3).Replicates(8, rows =>
        {
            lock (seen)
            {
                seen.UnionWith(rows);
            }

            return rows.Index().Count(row => row.Index % 3 != row.Item % 3);
        }).ToList().ForEach(strangers => Assert.AreEqual(0, strangers));

        CollectionAssert.AreEquivalent(Enumerable.Range(0, 8).ToArray(), seen.ToArray());
    }

    [TestMethod]
    [DataRow(0.0, 1.0)]
    [DataRow(0.5, 2.5)]
    [DataRow(0.75, 3.25)]
    [DataRow(1.0, 4.0)]
    public void Quantile_Share_IsBetweenItsNeighbours(double share, double expected)
    {
        Assert.AreEqual(expected, Bootstrap.Quantile([4, 1, 3, 2], share), 1e-12);
        Assert.AreEqual(5, Bootstrap.Quantile([5], share));
    }

    [TestMethod]
    public void Line_ThroughPoints_HasTheirSlopeAndWhatItExplains()
    {
        var straight = LineFit.Of([(0, 1), (1, 3), (4, 9)]);
        var bent = LineFit.Of([(0, 0), (1, 1), (2, 0)]);

        AssertLine((2, 1, 1), straight);
        AssertLine((0, 1.0 / 3, 0), bent);
        AssertLine((1, 1.0 / 3, 0.75), LineFit.Of([(0, 0), (1, 2), (2, 2)])); // sums of squares: x 2, y 8/3, products 2

        static void AssertLine((double Slope, double Intercept, double RSquared) expected, LineFit line)
        {
            Assert.AreEqual(expected.Slope, line.Slope, 1e-12);
            Assert.AreEqual(expected.Intercept, line.Intercept, 1e-12);
            Assert.AreEqual(expected.RSquared, line.RSquared, 1e-12);
        }
    }

    [TestMethod]
    public void Table_TextsAndNumbers_AreMarkdownAndValues()
    {
        var table = new ResultTable(new Column("name"), new("x, y", "F2"), new("count"));
        table.Add("a \"b\"", 1.23456, 1000);
        table.Add("c", null, 2);

        Assert.AreEqual("| name | x, y | count |\n| --- | ---: | ---: |\n| a \"b\" | 1.23 | 1000 |\n| c |  | 2 |\n", table.ToMarkdown());
        Assert.AreEqual("name,\"x, y\",count\n\"a \"\"b\"\"\",1.23456,1000\nc,,2\n", table.ToCsv());
        Assert.AreEqual(
            "A row must have 3 cells, one for each column, but has 1. (Parameter 'cells')",
            Assert.ThrowsExactly<ArgumentException>(() => table.Add("a")).Message);
    }

    [TestMethod]
    [DataRow(0.126, "+0.13", "0.13")]
    [DataRow(-2.5, "-2.50", "-2.50")]
    [DataRow(-0.001, "0.00", "0.00")]
    [DataRow(0.004, "0.00", "0.00")]
    public void Differences_HaveTheirSignWhereTheyHaveOne(double value, string signed, string plain) =>
        Assert.AreEqual((signed, plain), (Signed.Text(value), Signed.Plain(value)));

    [TestMethod]
    public void Cell_ThatIsOnDisk_IsNotComputedAnew()
    {
        using var folder = new TemporaryFolder();
        var computed = 0;
        (float[][] Rows, double Seconds) Get(string key, float value) => new CellStore(folder.File("cells")).Get(key, () =>
        {
            computed++;
            return ([[value, 2.5f], [3, -1e-7f], [4, 5]], 1.25);
        });

        var (first, again, other) = (Get("S 10, seed 1", 1), Get("S 10, seed 1", 9), Get("S 10, seed 2", 8));

        Assert.AreEqual(2, computed);
        Assert.AreEqual((1.25, 3, 8f), (again.Seconds, again.Rows.Length, other.Rows[0][0]));
        for (var row = 0; row < 3; row++)
        {
            Assert.AreSequenceEqual(first.Rows[row], again.Rows[row]);
        }

        File.Delete(folder.File("cells/0000.features"));
        Assert.AreEqual(7, Get("S 10, seed 1", 7).Rows[0][0]);
        Assert.AreEqual((7f, 3), (Get("S 10, seed 1", 6).Rows[0][0], computed));
    }
}
