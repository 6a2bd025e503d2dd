using Microsoft.ML.Diffusion.Evaluation;
using static TorchSharp.torch;

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
        using var generator = new Generator(1);
        var results = Enumerable.Range(0, 500).Select(_ =>
        {
            using var scope = NewDisposeScope();
            return KernelDistance.Of(
                randn([m, features], ScalarType.Float64, generator: generator),
                randn([n, features], ScalarType.Float64, generator: generator) + shift);
        }).ToList();

        var mean = results.Average(result => result.Value);
        var deviation = Math.Sqrt(results.Sum(result => Math.Pow(result.Value - mean, 2)) / (results.Count - 1));
        Assert.AreEqual(1, results.Average(result => result.StandardError) / deviation, 0.15);
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

    private static KernelSums Pairs(double[] x, double[] y, bool isWithin)
    {
        double Kernel(int i, int j) => isWithin && i == j ? 0 : Math.Pow((x[i] * y[j]) + 1, 3);
        int[] all = [0, 1, 2, 3];
        return new KernelSums(
            [.. all.Select(i => all.Sum(j => Kernel(i, j)))],
            [.. all.Select(j => all.Sum(i => Kernel(i, j)))],
            all.Sum(i => all.Sum(j => Math.Pow(Kernel(i, j), 2))));
    }
}
