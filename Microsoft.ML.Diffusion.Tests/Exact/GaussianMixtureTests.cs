using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>The bench itself: its formulas agree with each other.</summary>
[TestClass]
public sealed class GaussianMixtureTests
{
    // E[x_0 | x_t] = (x_t + (1 - alpha-bar) grad log p(x_t)) / sqrt(alpha-bar) for any data (Tweedie's formula).
    [TestMethod]
    [DataRow(0.999)]
    [DataRow(0.5)]
    [DataRow(0.01)]
    public void OriginalSample_IsThatOfTheDensitysGradient(double alphaBar)
    {
        const double Step = 1e-5;
        var noise = new BatchNoise(seed: 1);
        var (mixture, x) = (GaussianMixture.Three, noise.Next(200, 2));

        var gradient = Batch.Create(200, 2, (image, derivatives) =>
        {
            var (first, second) = (x[image][0], x[image][1]);
            derivatives[0] = (Density(first + Step, second) - Density(first - Step, second)) / (2 * Step);
            derivatives[1] = (Density(first, second + Step) - Density(first, second - Step)) / (2 * Step);
        });

        var expected = Batch.Quotient(Math.Sqrt(alphaBar), (1, x), (1 - alphaBar, gradient));
        Assert.IsLessThan(1e-6, mixture.OriginalSample(x, alphaBar).DistanceTo(expected)); // differences of 1e-5 in double

        double Density(double first, double second) => mixture.LogDensity(first, second, alphaBar);
    }

    // Of one normal distribution, (z - mean) / sqrt(deviation^2 + sigma^2) stays what it is.
    [TestMethod]
    [DataRow(80, 0.01)]
    [DataRow(0.01, 80)]
    public void Follow_OneNormalDistribution_IsTheKnownSolution(double from, double to)
    {
        var noise = new BatchNoise(seed: 1);
        var ((meanX, meanY), deviation) = (GaussianMixture.One.Means[0], GaussianMixture.One.Deviations[0]);
        var units = noise.Next(100, 2);
        var mean = Batch.Create(100, 2, (_, numbers) => (numbers[0], numbers[1]) = (meanX, meanY));

        Batch At(double sigma) =>
            Batch.Quotient(Math.Sqrt(1 + (sigma * sigma)), (1, mean), (Math.Sqrt((deviation * deviation) + (sigma * sigma)), units));

        Assert.IsLessThan(1e-7, ExactRun.RootMeanSquare(ExactFlow.Follow(GaussianMixture.One, At(from), from, to), At(to)));
    }

    [TestMethod]
    public void Follow_TwiceTheSteps_GivesTheSame()
    {
        var noise = new BatchNoise(seed: 1);
        var start = noise.Next(100, 2);

        var difference =
            ExactRun.RootMeanSquare(
                ExactFlow.Follow(GaussianMixture.Three, start, 80, 0.01),
                ExactFlow.Follow(GaussianMixture.Three, start, 80, 0.01, steps: 800));

        Assert.IsLessThan(1e-6, difference); // the errors that orders are told from are above 1e-4
    }

    [TestMethod]
    public void Distance_OfTheDataAndOfOthers_TellsThemApart()
    {
        var noise = new BatchNoise(seed: 1);
        var data = GaussianMixture.Three.Draw(20_000, noise);

        Assert.IsLessThan(0.0096, ExactRun.Distance(data, GaussianMixture.Three)); // 1.36 / sqrt(20,000): one set in twenty is further
        Assert.AreEqual(0.12, ExactRun.DeviationWithinModes(data, GaussianMixture.Three), 0.001);
        Assert.IsGreaterThan(0.02, ExactRun.Distance(Batch.Sum((1.1, data)), GaussianMixture.Three));
    }

    [TestMethod]
    [DataRow(0.0, 0.5)]
    [DataRow(-1.0, 0.158655253931457)]
    [DataRow(1.96, 0.975002104851780)]
    [DataRow(-5.0, 2.86651571879194e-7)]
    [DataRow(9.0, 1.0)]
    public void Below_Value_IsThatOfTables(double x, double expected) => Assert.AreEqual(expected, NormalDistribution.Below(x), 1e-14);
}
