using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>On one normal distribution a sampler with a perfect network is a linear map: what it draws is known, also where it is not the data.</summary>
[TestClass]
public sealed class LinearRecursionTests
{
    private const int Samples = 50_000;
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Cosine();

    public static IEnumerable<object[]> Samplers => ExactSamplerList.All.Select(sampler => new object[] { sampler });

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Sample_OneNormalDistribution_HasTheSamplersOwnMeanAndDeviation(Sampler sampler)
    {
        var noise = new BatchNoise(seed: 1);
        var (mean, deviation) = (GaussianMixture.One.Means[0].X, GaussianMixture.One.Deviations[0]);

        var drawn = new Batch(ExactRun.Axis(ExactRun.Sample(sampler, GaussianMixture.One, _schedule, Samples, noise), 0), Samples);

        var expected = new LinearRecursion(mean, deviation).After(sampler, SamplingStep.Reverse(sampler.Timesteps, _schedule));
        Assert.AreEqual(expected.Mean, drawn.Mean(), 3 * expected.Deviation / Math.Sqrt(Samples));
        Assert.AreEqual(expected.Deviation, drawn.Deviation(), 3 * expected.Deviation / Math.Sqrt(2 * Samples));
        Assert.IsGreaterThan(
            6 * deviation / Math.Sqrt(2 * Samples),
            Math.Abs(expected.Deviation - deviation)); // else it would be a test of the data
    }
}
