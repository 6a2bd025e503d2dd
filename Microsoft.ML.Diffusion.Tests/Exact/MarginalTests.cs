namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>What samplers draw of the mixture, against its distribution on each axis. With 100,000 samples of every kind: <c>fuzz -- exact</c>.</summary>
[TestClass]
public sealed class MarginalTests
{
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Cosine();

    public static IEnumerable<object[]> Samplers =>
    [
        [new DdpmSampler(1000), 5_000, 0.022], // 1.36 / sqrt(5,000) is 0.019: one set of the data itself in twenty is further
        [new DdimSampler(1000, eta: 1), 5_000, 0.022],
        [new DpmSolverSampler(100, stochastic: true) { Timesteps = TimestepSubset.LogSnr(100) }, 100_000, 0.0064],
        [new DpmSolverSampler(20) { Timesteps = TimestepSubset.LogSnr(20) }, 20_000, 0.015],
        [new HeunSampler(), 20_000, 0.025],
    ];

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Sample_Mixture_HasItsDistributionOnBothAxes(Sampler sampler, int count, double most)
    {
        var noise = new BatchNoise(seed: 2);

        var samples = ExactRun.Sample(sampler, GaussianMixture.Three, _schedule, count, noise);

        Assert.IsLessThanOrEqualTo(most, ExactRun.Distance(samples, GaussianMixture.Three));
    }

    // The default of Heun's method once spread its steps up to sigma 20,291.
    [TestMethod]
    public void Sample_HeunOverTheWholeCosineSchedule_MissesTheMixture()
    {
        var noise = new BatchNoise(seed: 2);
        var sampler = new HeunSampler { Timesteps = TimestepSubset.Karras(18, sigmaMax: double.PositiveInfinity) };

        var samples = ExactRun.Sample(sampler, GaussianMixture.Three, _schedule, 10_000, noise);

        Assert.IsGreaterThan(0.15, ExactRun.Distance(samples, GaussianMixture.Three));
    }

    // Trailing steps end in one jump from t = T/S - 1, which is of first order and takes each sample to the mean of what it may be.
    [TestMethod]
    public void Sample_DpmSolverInTwentySteps_KeepsTheSpreadWithinModesWhenEvenInLogSnr()
    {
        var noise = new BatchNoise(seed: 2);

        var trailing =
            ExactRun.Sample(
                new DpmSolverSampler(20) { Timesteps = TimestepSubset.Trailing(20) },
                GaussianMixture.Three,
                _schedule,
                20_000,
                noise);
        var even =
            ExactRun.Sample(
                new DpmSolverSampler(20) { Timesteps = TimestepSubset.LogSnr(20) },
                GaussianMixture.Three,
                _schedule,
                20_000,
                noise);

        Assert.AreEqual(0.12, ExactRun.DeviationWithinModes(even, GaussianMixture.Three), 0.007);
        Assert.IsLessThan(0.1, ExactRun.DeviationWithinModes(trailing, GaussianMixture.Three));
    }
}
