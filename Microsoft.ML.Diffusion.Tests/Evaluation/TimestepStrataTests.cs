using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>The timesteps that a bound is estimated from.</summary>
[TestClass]
public sealed class TimestepStrataTests
{
    private const int TrainingTimesteps = 1000;

    // About what a model's terms are: they fall as 1 / t, not smoothly.
    private static readonly double[] _terms =
        [.. Enumerable.Range(0, TrainingTimesteps).Select(t =>
            0.4 / (t + 1) * (1 + (0.2 * Math.Sin(37.0 * t))) * (1 - (0.8 * t / TrainingTimesteps)))];

    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(12)]
    [DataRow(50)]
    [DataRow(1000)]
    public void Of_EveryCount_CutsAllTimestepsOnce(int trainingTimesteps)
    {
        for (var count = 0; count < trainingTimesteps; count++)
        {
            var strata = TimestepStrata.Of(count, trainingTimesteps);

            Assert.HasCount(count, strata);
            Assert.IsTrue(strata.All(stratum => stratum.Size >= 1));
            CollectionAssert.AreEqual(
                count == 0 ? [] : Enumerable.Range(1, trainingTimesteps - 1).ToArray(),
                strata.SelectMany(stratum => Enumerable.Range(stratum.First, stratum.Size)).ToArray());
        }
    }

    [TestMethod]
    public void Of_FewOfMany_RisesGeometrically()
    {
        var strata = TimestepStrata.Of(6, TrainingTimesteps);

        CollectionAssert.AreEqual(new[] { 1, 3, 10, 32, 101, 318 }, strata.Select(stratum => stratum.First).ToArray());
    }

    [TestMethod]
    public void Timesteps_AnyCount_AreDistinctAndRiseFromZero()
    {
        foreach (var count in new[] { 1, 2, 3, 17, 50 })
        {
            var chosen = LikelihoodDraws.Timesteps(count, 50, seed: 4);

            Assert.HasCount(count, chosen);
            Assert.AreEqual(0, chosen[0]);
            CollectionAssert.AreEqual(chosen.Distinct().Order().ToArray(), chosen);
            Assert.IsLessThan(50, chosen[^1]);
        }

        CollectionAssert.AreNotEqual(LikelihoodDraws.Timesteps(17, 50, seed: 5), LikelihoodDraws.Timesteps(17, 50, seed: 4));
    }

    [TestMethod]
    public void BitsPerDimension_MeanOverAllDraws_IsTheSumOfAllTerms()
    {
        const int Few = 14, Count = 5;
        var strata = TimestepStrata.Of(Count, Few);
        int[][] draws = [[]];
        draws = strata.Aggregate(
            draws,
            (all, stratum) =>
                [.. from drawn in all from next in Enumerable.Range(stratum.First, stratum.Size) select (int[])[.. drawn, next]]);

        var estimates = draws.Select(drawn => Estimate([0, .. drawn], Few)).ToList();

        Assert.IsGreaterThan(20, draws.Length);
        var exact = Estimate([.. Enumerable.Range(0, Few)], Few);
        Assert.AreEqual(_terms.Take(Few).Sum() + 1, exact.BitsPerDimension, 1e-12);
        Assert.AreEqual(exact.BitsPerDimension, estimates.Average(estimate => estimate.BitsPerDimension), 1e-12);
        Assert.IsTrue(estimates.All(estimate => !estimate.HasAllTimesteps && estimate.StandardError > 0));
        Assert.AreEqual((true, 0.0), (exact.HasAllTimesteps, exact.StandardError));
        foreach (var estimate in estimates.Append(exact))
        {
            Assert.AreEqual(estimate.BitsPerDimension, estimate.PerImage.Average(), 1e-12);
            Assert.AreEqual(
                estimate.BitsPerDimension,
                estimate.Prior + estimate.Weights.Zip(estimate.Terms, (weight, term) => weight * term).Sum(),
                1e-12);
            Assert.AreEqual(Few, estimate.Weights.Sum());
        }
    }

    [TestMethod]
    [DataRow(10)]
    [DataRow(19)]
    [DataRow(20)]
    [DataRow(50)]
    public void BitsPerDimension_ManySeeds_StayWithinTheStandardError(int count)
    {
        const int Seeds = 3000;
        var exact = _terms.Sum() + 1;

        var estimates =
            Enumerable.Range(0, Seeds)
                .Select(seed => Estimate(LikelihoodDraws.Timesteps(count, TrainingTimesteps, seed), TrainingTimesteps))
                .ToList();

        double[] errors = [.. estimates.Select(estimate => estimate.BitsPerDimension - exact)];
        var (error, told) = (Root(errors), Root(estimates.Select(estimate => estimate.StandardError)));
        Assert.IsLessThan(4 * error / Math.Sqrt(Seeds), Math.Abs(errors.Average()), "biased");
        Assert.AreEqual(1.15, told / error, 0.2, $"{told} told, {error} true");
        Assert.IsGreaterThan(
            0.85 * Seeds,
            estimates.Count(estimate => Math.Abs(estimate.BitsPerDimension - exact) <= 2 * estimate.StandardError));
        Assert.IsLessThan(
            0.2 * Root(Enumerable.Range(0, Seeds).Select(seed => Even(count, seed) - exact)),
            error,
            "no better than an even choice");
    }

    [TestMethod]
    public void ErrorOfSum_OneUncertainStratum_IsComparedWithItsNeighbour()
    {
        var strata = TimestepStrata.Of(3, 5);

        CollectionAssert.AreEqual(new[] { 1, 1, 2 }, strata.Select(stratum => stratum.Size).ToArray());
        Assert.AreEqual(0, TimestepStrata.ErrorOfSum(strata, [7, 1 / 2.0, 7 / 24.0]), 1e-12); // as 1 / t falls: 1/3 + 1/4 is twice 7/24
        Assert.IsGreaterThan(0.1, TimestepStrata.ErrorOfSum(strata, [7, 1 / 2.0, 0.5]));
        Assert.IsTrue(double.IsNaN(TimestepStrata.ErrorOfSum(TimestepStrata.Of(1, 5), [3])));
    }

    // Two images of one mean.
    private static LikelihoodMetrics Estimate(int[] timesteps, int trainingTimesteps) =>
        new(new LikelihoodTerms(
            trainingTimesteps,
            timesteps,
            [0.5, 1.5],
            [_terms[0] - 0.1, _terms[0] + 0.1],
            [.. timesteps.Skip(1).Select(t => new[] { 0.5 * _terms[t], 1.5 * _terms[t] })]));

    private static double Even(int count, int seed) =>
        _terms[0] + 1 + (new Random(seed).GetItems(_terms[1..], count - 1).Average() * (TrainingTimesteps - 1));

    private static double Root(IEnumerable<double> values) => Math.Sqrt(values.Average(value => value * value));
}
