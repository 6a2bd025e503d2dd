using static TorchSharp.torch;

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
        using var scope = NewDisposeScope();
        using var noise = new BatchNoise(seed: 1);
        var (mixture, x) = (GaussianMixture.Three, noise.Next(zeros(200, 2, 1, 1, ScalarType.Float64)));

        var gradient = cat([.. Enumerable.Range(0, 2).Select(Derivative)], 1);

        var expected = (x + ((1 - alphaBar) * gradient)) / Math.Sqrt(alphaBar);
        Assert.IsLessThan(
            1e-6,
            (mixture.OriginalSample(x, alphaBar) - expected).abs().max().item<double>()); // differences of 1e-5 in double

        Tensor Derivative(int axis)
        {
            var shift = tensor(axis == 0 ? new[] { Step, 0 } : [0, Step]).reshape(1, 2, 1, 1);
            return (mixture.LogDensity(x + shift, alphaBar) - mixture.LogDensity(x - shift, alphaBar)) / (2 * Step);
        }
    }

    // Of one normal distribution, (z - mean) / sqrt(deviation^2 + sigma^2) stays what it is.
    [TestMethod]
    [DataRow(80, 0.01)]
    [DataRow(0.01, 80)]
    public void Follow_OneNormalDistribution_IsTheKnownSolution(double from, double to)
    {
        using var scope = NewDisposeScope();
        using var noise = new BatchNoise(seed: 1);
        var (mean, deviation) = (
            tensor(new[] { GaussianMixture.One.Means[0].X, GaussianMixture.One.Means[0].Y }).reshape(1, 2, 1, 1),
            GaussianMixture.One.Deviations[0]);
        var units = noise.Next(zeros(100, 2, 1, 1, ScalarType.Float64));

        Tensor At(double sigma) => (mean + (Math.Sqrt((deviation * deviation) + (sigma * sigma)) * units)) / Math.Sqrt(1 + (sigma * sigma));

        Assert.IsLessThan(1e-7, ExactRun.RootMeanSquare(ExactFlow.Follow(GaussianMixture.One, At(from), from, to), At(to)));
    }

    [TestMethod]
    public void Follow_TwiceTheSteps_GivesTheSame()
    {
        using var scope = NewDisposeScope();
        using var noise = new BatchNoise(seed: 1);
        var start = noise.Next(zeros(100, 2, 1, 1, ScalarType.Float64));

        var difference =
            ExactRun.RootMeanSquare(
                ExactFlow.Follow(GaussianMixture.Three, start, 80, 0.01),
                ExactFlow.Follow(GaussianMixture.Three, start, 80, 0.01, steps: 800));

        Assert.IsLessThan(1e-6, difference); // the errors that orders are told from are above 1e-4
    }

    [TestMethod]
    public void Distance_OfTheDataAndOfOthers_TellsThemApart()
    {
        using var scope = NewDisposeScope();
        using var noise = new BatchNoise(seed: 1);
        var data = GaussianMixture.Three.Draw(20_000, noise);

        Assert.IsLessThan(0.0096, ExactRun.Distance(data, GaussianMixture.Three)); // 1.36 / sqrt(20,000): one set in twenty is further
        Assert.AreEqual(0.12, ExactRun.DeviationWithinModes(data, GaussianMixture.Three), 0.001);
        Assert.IsGreaterThan(0.02, ExactRun.Distance(data * 1.1, GaussianMixture.Three));
    }
}
