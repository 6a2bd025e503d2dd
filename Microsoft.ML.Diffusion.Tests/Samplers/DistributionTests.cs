using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>The distributions of the two papers, of one value, against Bayes' rule on a grid.</summary>
[TestClass]
public sealed class DistributionTests
{
    private const double Tolerance = 1e-10;
    private const double X0 = 0.4;
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear(12, 0.02, 0.4);
    private static readonly GaussianDiffusion _diffusion = new(_schedule);

    // Between -6 and 6, where all mass of numbers of about 1 is. Sums over it are exact for normal densities that are wide enough.
    private static readonly double[] _grid = [.. Enumerable.Range(0, 4801).Select(i => -6 + (i * Spacing))];
    private const double Spacing = 0.0025;

    public static IEnumerable<object[]> Pairs => [[11, 10], [11, 4], [6, 5], [6, 0], [1, 0]];

    public static IEnumerable<object[]> Etas => [[0.3], [0.7], [1.0]];

    [TestMethod]
    public void Forward_StepByStep_IsTheMarginal()
    {
        var (signal, variance) = (1.0, 0.0);
        for (var t = 0; t < 12; t++)
        {
            var step = _diffusion.Forward(t);
            Assert.AreEqual(
                (0.0, Math.Sqrt(1 - _schedule.Betas[t]), _schedule.Betas[t]),
                (step.OriginalCoefficient, step.SampleCoefficient, step.Variance));
            (signal, variance) =
                (signal * step.SampleCoefficient, (variance * step.SampleCoefficient * step.SampleCoefficient) + step.Variance);

            var marginal = _diffusion.Marginal(t);
            Assert.AreEqual(marginal.OriginalCoefficient, signal, Tolerance);
            Assert.AreEqual(marginal.Variance, variance, Tolerance);
            AreEqual(step, _diffusion.Forward(t, t - 1));
            AreEqual(new GaussianTransition(0, signal, variance), _diffusion.Forward(t, -1));
        }

        AreEqual(new GaussianTransition(1, 0, 0), _diffusion.Marginal(-1));
    }

    [TestMethod]
    [DynamicData(nameof(Pairs))]
    public void Posterior_AnyTwoTimesteps_IsBayesRuleOnAGrid(int t, int s)
    {
        const double Xt = -0.3;
        var (forward, before, posterior) = (_diffusion.Forward(t, s), _diffusion.Marginal(s), _diffusion.Posterior(t, s));

        double[] expected = Normalized(xs => Density(forward, X0, xs, Xt) * Density(before, X0, 0, xs));

        AreClose(expected, xs => Density(posterior, X0, Xt, xs));
        if (s == t - 1)
        {
            AreEqual(posterior, _diffusion.Posterior(t));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Etas))]
    public void NonMarkovianPosterior_AnySigma_KeepsTheMarginal(double eta)
    {
        var process = NonMarkovianProcess.OfEta(_schedule, eta);
        foreach (var t in new[] { 1, 6, 11 })
        {
            var (posterior, marginal) = (process.Posterior(t), _diffusion.Marginal(t));

            // x_{t-1} is linear in x_0, the noise in x_t and fresh noise.
            var before = _diffusion.Marginal(t - 1);
            Assert.AreEqual(
                before.OriginalCoefficient,
                posterior.OriginalCoefficient + (posterior.SampleCoefficient * marginal.OriginalCoefficient),
                Tolerance);
            Assert.AreEqual(
                before.Variance,
                (posterior.SampleCoefficient * posterior.SampleCoefficient * marginal.Variance) + posterior.Variance,
                Tolerance);
            Assert.AreEqual(process.Sigmas[t] * process.Sigmas[t], posterior.Variance, Tolerance);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Etas))]
    public void NonMarkovianForward_IsBayesRuleOnAGrid(double eta)
    {
        const double Before = 0.2;
        var process = NonMarkovianProcess.OfEta(_schedule, eta);
        foreach (var t in new[] { 1, 6, 11 })
        {
            var (posterior, marginal, forward) = (process.Posterior(t), _diffusion.Marginal(t), process.Forward(t));

            double[] expected =
                Normalized(xt => Density(posterior, X0, xt, Before) * Density(marginal, X0, 0, xt)); // the denominator of eq. 8 is the same for all x_t

            AreClose(expected, xt => Density(forward, X0, Before, xt));
        }
    }

    [TestMethod]
    public void NonMarkovianForward_AtTheSigmasOfDdpm_IsTheMarkovChain()
    {
        var process = NonMarkovianProcess.OfEta(_schedule, 1);

        for (var t = 0; t < 12; t++)
        {
            AreEqual(t == 0 ? _diffusion.Marginal(0) : _diffusion.Forward(t), process.Forward(t));
            AreEqual(_diffusion.Posterior(t), process.Posterior(t));
        }

        Assert.IsGreaterThan(
            0.05,
            Math.Abs(NonMarkovianProcess.OfEta(_schedule, 0.5).Forward(6).OriginalCoefficient)); // of others it is none
        Assert.AreEqual(0, NonMarkovianProcess.OfEta(_schedule, 0).Forward(6).Variance);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.4)]
    [DataRow(1.0)]
    public void DdimStep_AnyEta_IsThePosteriorAtThePredictedImage(double eta)
    {
        double[] xt = [0.9], noise = [-0.7], drawn = [1.3];
        var process = NonMarkovianProcess.OfEta(_schedule, eta);
        for (var t = 1; t < 12; t++)
        {
            var predicted = _diffusion.ToOriginalSample<double>(xt, noise, PredictionType.Epsilon, t);

            Assert.AreEqual(
                process.Posterior(t).Draw<double>(predicted, xt, drawn)[0],
                Step(new DdimSampler(eta: eta), xt[0], noise[0], t, drawn[0]),
                Tolerance);
        }
    }

    [TestMethod]
    public void ReverseMean_TrueNoise_IsThePosteriorsMean()
    {
        double[] x0 = [X0, -1], noise = [-1.3, 0.6];
        for (var t = 0; t < 12; t++)
        {
            var xt = _diffusion.AddNoise<double>(x0, noise, t);

            AreClose(_diffusion.Posterior(t).Mean<double>(x0, xt), _diffusion.ReverseMean<double>(xt, noise, t));
            AreClose(_diffusion.Posterior(t, -1).Mean<double>(x0, xt), _diffusion.ReverseMean<double>(xt, noise, t, -1));
        }
    }

    [TestMethod]
    public void ReverseMean_AnyNoise_IsTheMeanOfTheSamplersStep()
    {
        for (var t = 1; t < 12; t++)
        {
            Assert.AreEqual(
                Step(new DdpmSampler(), 0.9, -0.7, t, drawn: 0),
                _diffusion.ReverseMean<double>([0.9], [-0.7], t)[0],
                Tolerance);
        }
    }

    private static double Step(Sampler sampler, double x, double predictedNoise, int t, double drawn)
    {
        var denoiser = new Denoiser((_, _) => Batches.Filled(1, 1, predictedNoise), PredictionType.Epsilon, Clipping.None);
        var step = new SamplingStep(t, _schedule.AlphaBar(t), _schedule.AlphaBar(t - 1), AddsNoise: true);
        return sampler.Sample(denoiser, Batches.Filled(1, 1, x), [step], new FixedNoise(drawn)).Values[0];
    }

    private static double Density(GaussianTransition transition, double x0, double x, double value)
    {
        var distance = value - transition.Mean<double>([x0], [x])[0];
        return Math.Exp(-0.5 * distance * distance / transition.Variance) / Math.Sqrt(2 * Math.PI * transition.Variance);
    }

    private static double[] Normalized(Func<double, double> density)
    {
        var values = Array.ConvertAll(_grid, value => density(value));
        var mass = values.Sum() * Spacing;
        return Array.ConvertAll(values, value => value / mass);
    }

    private static void AreClose(double[] expected, Func<double, double> density) =>
        AreClose(expected, Array.ConvertAll(_grid, value => density(value)));

    private static void AreClose(double[] expected, double[] actual) =>
        Golden.GoldenAssert.AreClose(expected, actual, "values", absolute: 1e-8 * expected.Max(Math.Abs));

    private static void AreEqual(GaussianTransition expected, GaussianTransition actual)
    {
        Assert.AreEqual(expected.OriginalCoefficient, actual.OriginalCoefficient, Tolerance);
        Assert.AreEqual(expected.SampleCoefficient, actual.SampleCoefficient, Tolerance);
        Assert.AreEqual(expected.Variance, actual.Variance, Tolerance);
    }

    private sealed class FixedNoise(double value) : NoiseSource
    {
        public override Batch Next(int count, int length) => Batches.Filled(count, length, value);
    }
}
