using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class KernelDistanceTests
{
    [TestMethod]
    [DataRow(60, 60, 3, 0.0)]
    [DataRow(60, 60, 3, 0.5)]
    [DataRow(80, 40, 64, 0.0)]
    [DataRow(40, 80, 64, 0.1)]
    public void Of_ManyPairsOfSets_TellsTheStandardDeviation(int m, int n, int features, double shift)
    {
        var rows = new NormalRows(seed: 1);
        var results =
            Enumerable.Range(0, 500).Select(_ => KernelDistance.Of(rows.Next(m, features), rows.Next(n, features, shift))).ToList();

        var mean = results.Average(result => result.Value);
        var deviation = Math.Sqrt(results.Sum(result => Math.Pow(result.Value - mean, 2)) / (results.Count - 1));
        Assert.AreEqual(1, results.Average(result => result.StandardError) / deviation, 0.15);
    }

    [TestMethod]
    [DataRow(500, 260)]
    [DataRow(7, 241)]
    public void Of_SetsOfSeveralTiles_IsTheSumOverPairs(int m, int n)
    {
        var (x, y) = (new NormalRows(1).Next(m, 6), new NormalRows(2).Next(n, 6, shift: 0.3));
        var (ofX, ofY, between) = (Pairs(x, x, isWithin: true), Pairs(y, y, isWithin: true), Pairs(x, y, isWithin: false));
        var (first, second) = KernelVariance.Of(ofX, ofY, between);

        var (value, error) = KernelDistance.Of(x, y);

        Assert.AreEqual((ofX.Sum / m / (m - 1)) + (ofY.Sum / n / (n - 1)) - (2 * between.Sum / m / n), value, 1e-12);
        Assert.AreEqual(Math.Sqrt(first + second), error, 1e-8 * error);
    }

    [TestMethod]
    public void Variance_OverAllSamplesOfSmallPopulations_IsUnbiased()
    {
        // Each element is one of two values with equal chances: 2^4 samples of four of each set.
        double[] x = [-1, 2], y = [0.5, 3];
        var outcomes =
            (from i in Enumerable.Range(0, 16) from j in Enumerable.Range(0, 16) select Outcome(Sample(x, i), Sample(y, j))).ToList();

        var mean = outcomes.Average(outcome => outcome.Value);
        var variance = outcomes.Average(outcome => Math.Pow(outcome.Value - mean, 2));
        Assert.IsGreaterThan(1, variance);
        Assert.AreEqual(variance, outcomes.Average(outcome => outcome.First + outcome.Second), 1e-10 * variance);
    }

    [TestMethod]
    public void Variance_OverAllSamplesOfOnePopulation_HasNoFirstPart()
    {
        double[] values = [-1, 2];
        var outcomes =
            (from i in Enumerable.Range(0, 16) from j in Enumerable.Range(0, 16) select Outcome(Sample(values, i), Sample(values, j))).ToList();

        Assert.AreEqual(0, outcomes.Average(outcome => outcome.Value), 1e-10);
        Assert.AreEqual(0, outcomes.Average(outcome => outcome.First), 1e-10);
        Assert.AreEqual(outcomes.Average(outcome => outcome.Value * outcome.Value), outcomes.Average(outcome => outcome.Second), 1e-8);
    }

    private static double[] Sample(double[] values, int number) => [.. Enumerable.Range(0, 4).Select(i => values[(number >> i) & 1])];

    private static (double Value, double First, double Second) Outcome(double[] x, double[] y)
    {
        var (ofX, ofY, between) = (Pairs(x, x, isWithin: true), Pairs(y, y, isWithin: true), Pairs(x, y, isWithin: false));
        var (first, second) = KernelVariance.Of(ofX, ofY, between);
        return ((ofX.Sum / 12) + (ofY.Sum / 12) - (2 * between.Sum / 16), first, second);
    }

    private static KernelSums Pairs(double[] x, double[] y, bool isWithin) =>
        Pairs(x.Length, y.Length, (i, j) => isWithin && i == j ? 0 : Math.Pow((x[i] * y[j]) + 1, 3));

    private static KernelSums Pairs(float[][] x, float[][] y, bool isWithin) => Pairs(x.Length, y.Length, (i, j) =>
        isWithin && i == j ? 0 : Math.Pow((x[i].Zip(y[j], (a, b) => (double)a * b).Sum() / x[i].Length) + 1, 3));

    private static KernelSums Pairs(int m, int n, Func<int, int, double> kernel)
    {
        var (rows, columns) = (Enumerable.Range(0, m), Enumerable.Range(0, n));
        return new KernelSums(
            [.. rows.Select(i => columns.Sum(j => kernel(i, j)))],
            [.. columns.Select(j => rows.Sum(i => kernel(i, j)))],
            rows.Sum(i => columns.Sum(j => Math.Pow(kernel(i, j), 2))));
    }
}
