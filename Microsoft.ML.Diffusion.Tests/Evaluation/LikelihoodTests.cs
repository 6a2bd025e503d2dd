using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class LikelihoodTests
{
    private static readonly GaussianDiffusion _diffusion = new(NoiseSchedule.Linear(50, 1e-3, 0.2));

    [TestMethod]
    public void LogLikelihood_MassesOfAllLevels_AddUpToOne()
    {
        using var scope = NewDisposeScope();
        var levels = arange(256, ScalarType.Float64) / 127.5 - 1;

        foreach (var (mean, logVariance) in new[] { (0.0, -9.0), (0.3, 0.0), (-1.2, -4.0), (1, -7) })
        {
            var mass = DiscretizedGaussian.LogLikelihood(levels, full_like(levels, mean), full_like(levels, logVariance)).exp().sum();
            Assert.AreEqual(1, mass.ToDouble(), 1e-9); // the floor of 1e-12 adds at most 256 times that
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(20)]
    [DataRow(49)]
    public void Term_NetworkKnowsTheNoise_CostsNothingAtTheTruePosteriorsVariance(int timestep)
    {
        using var scope = NewDisposeScope();
        var (x0, noise) = (SamplerInput(1).clamp(-1, 1), SamplerInput(2));

        var (small, _) = new Likelihood(_diffusion, DdpmVariance.FixedSmall, Clipping.None, (_, _, _) => noise).Term(x0, noise, timestep);
        var (large, _) = new Likelihood(_diffusion, DdpmVariance.FixedLarge, Clipping.None, (_, _, _) => noise).Term(x0, noise, timestep);

        Assert.IsLessThan(1e-12, small.abs().max().ToDouble());
        Assert.IsGreaterThan(1e-8, large.min().ToDouble());
    }

    [TestMethod]
    [DataRow(-1.0, DdpmVariance.FixedSmall)]
    [DataRow(1.0, DdpmVariance.FixedLarge)]
    public void Step_LearnedVarianceAtItsEnds_EqualsTheFixedOnes(double end, DdpmVariance variance)
    {
        using var scope = NewDisposeScope();
        var (xt, output) = (SamplerInput(1), SamplerInput(2));
        int[] timesteps = [1, 49];

        var learned = new ReverseProcess(_diffusion, DdpmVariance.Learned, Clipping.None).Step(xt, cat([output, full_like(output, end)], 1), timesteps);
        var expected = new ReverseProcess(_diffusion, variance, Clipping.None).Step(xt, output, timesteps);

        Assert.IsLessThan(1e-14, (learned.LogVariance - expected.LogVariance).abs().max().ToDouble());
        Assert.IsTrue(learned.Mean.equal(expected.Mean).all().ToBoolean());
    }

    [TestMethod]
    public void BitsPerDimension_MeanOverAllSubsets_IsTheExactOneAndItsErrorTheirSpread()
    {
        double[][] terms = [[3, 1], [0.5, 0.25], [7, 6], [1, 2], [0, 0.5]];
        var exact = Of([0, 1, 2, 3, 4]);
        BitsPerDimension[] pairs = [.. from i in Enumerable.Range(0, 5) from j in Enumerable.Range(i + 1, 4 - i) select Of([i, j])];

        Assert.AreEqual((2 + 1.375 + 10.625), exact.Total, 1e-12);
        Assert.AreEqual(0, exact.StandardError);
        Assert.IsTrue(exact.IsExact);
        Assert.HasCount(10, pairs);
        Assert.AreEqual(exact.Total, pairs.Average(pair => pair.Total), 1e-12);
        Assert.AreEqual(pairs.Average(pair => Math.Pow(pair.Total - exact.Total, 2)), pairs.Average(pair => Math.Pow(pair.StandardError, 2)), 1e-12);
        Assert.AreEqual(pairs[3].Total, pairs[3].PerImage.Average(), 1e-12);

        BitsPerDimension Of(int[] chosen) => new(new LikelihoodTerms(6, [0, .. chosen.Select(i => i + 1)], [1, 3], [1, 1.75], [.. chosen.Select(i => terms[i])]));
    }

    [TestMethod]
    public void Choose_AnyCount_GivesDistinctRisingTimestepsFromZero()
    {
        foreach (var count in new[] { 3, 17, 50 })
        {
            var chosen = Likelihood.Choose(count, 50, seed: 4);

            Assert.HasCount(count, chosen);
            Assert.AreEqual(0, chosen[0]);
            CollectionAssert.AreEqual(chosen.Distinct().Order().ToArray(), chosen);
        }

        CollectionAssert.AreNotEqual(Likelihood.Choose(17, 50, seed: 5), Likelihood.Choose(17, 50, seed: 4));
    }

    private static Tensor SamplerInput(ulong seed) => Samplers.SamplerInputs.Noise(2, seed);
}
