using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>Equations of the two papers, each computed another way: numbers of one pixel, in double.</summary>
[TestClass]
public sealed class ProcessTests
{
    private const double Tolerance = 1e-12; // rounding, with numbers of about 1
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear();
    private static readonly int[] _etasInTenths = [0, 3, 10];

    public static IEnumerable<object[]> Pairs => [[999, 998], [999, 500], [500, 20], [1, 0]];

    public static IEnumerable<object[]> PairsAndEtas =>
        from pair in Pairs from eta in _etasInTenths select new[] { pair[0], pair[1], eta / 10.0 };

    [TestMethod]
    public void NoisedFurther_StepByStep_IsOneDraw()
    {
        var (signal, variance) = (Pixel(1), 0.0);

        for (var t = 0; t < 1000; t++)
        {
            var (before, after) = (_schedule.AlphaBar(t - 1), _schedule.AlphaBar(t));
            var noiseScale = NoiseLevel.NoisedFurther(Pixel(0), Pixel(1), before, after).Values[0];
            signal = NoiseLevel.NoisedFurther(signal, Pixel(0), before, after);
            variance = (_schedule.Alphas[t] * variance) + (noiseScale * noiseScale);

            Assert.AreEqual(Math.Sqrt(_schedule.Betas[t]), noiseScale, Tolerance);
            Assert.AreEqual(NoiseLevel.Noised(Pixel(1), Pixel(0), after).Values[0], signal.Values[0], Tolerance);
            Assert.AreEqual(1 - after, variance, Tolerance);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Pairs))]
    public void Posterior_IsBayesRule(int t, int s)
    {
        var (alphaBar, alphaBarPrevious) = (_schedule.AlphaBar(t), _schedule.AlphaBar(s));
        var alpha = alphaBar / alphaBarPrevious;

        var posterior = Posterior.Between(alphaBar, alphaBarPrevious);

        // x_s is N(sqrt(alphaBarPrevious) x_0, 1 - alphaBarPrevious) before x_t = sqrt(alpha) x_s + noise is seen: precisions add up.
        var precision = (1 / (1 - alphaBarPrevious)) + (alpha / (1 - alpha));
        Assert.AreEqual(1 / precision, posterior.Variance, Tolerance);
        Assert.AreEqual(Math.Sqrt(alphaBarPrevious) / (1 - alphaBarPrevious) / precision, posterior.OriginalCoefficient, Tolerance);
        Assert.AreEqual(Math.Sqrt(alpha) / (1 - alpha) / precision, posterior.NoisyCoefficient, Tolerance);
    }

    [TestMethod]
    [DynamicData(nameof(Pairs))]
    public void DdpmStep_EqualsTheFormulaInTheNoise(int t, int s)
    {
        const double X = 0.7, Noise = -1.3;
        var (alpha, alphaBar) = (_schedule.AlphaBar(t) / _schedule.AlphaBar(s), _schedule.AlphaBar(t));

        var mean = Step(new DdpmSampler(), X, Noise, t, s, drawn: 0);

        // At t = 999 the way through x_0 divides by sqrt(alpha-bar) = 0.006.
        Assert.AreEqual((X - ((1 - alpha) / Math.Sqrt(1 - alphaBar) * Noise)) / Math.Sqrt(alpha), mean, 1e-10);
    }

    [TestMethod]
    [DynamicData(nameof(PairsAndEtas))]
    public void DdimStep_TrueImage_KeepsTheDistributionOfEquation4(int t, int s, double eta)
    {
        var sampler = new DdimSampler(eta: eta);
        var (signal, noise) = (Math.Sqrt(_schedule.AlphaBar(t)), Math.Sqrt(1 - _schedule.AlphaBar(t)));

        // x_t = signal x_0 + noise e, whose e the network knows: the result is linear in x_0, e and the noise drawn.
        var ofImage = Step(sampler, signal, 0, t, s, drawn: 0);
        var ofNoise = Step(sampler, noise, 1, t, s, drawn: 0);
        var ofDrawn = Step(sampler, 0, 0, t, s, drawn: 1);

        Assert.AreEqual(Math.Sqrt(_schedule.AlphaBar(s)), ofImage, 1e-10);
        Assert.AreEqual(1 - _schedule.AlphaBar(s), (ofNoise * ofNoise) + (ofDrawn * ofDrawn), 1e-10);
        Assert.AreEqual(eta > 0, ofDrawn > 0);
    }

    [TestMethod]
    [DynamicData(nameof(Pairs))]
    public void DdimStep_EtaZero_IsAnEulerStep(int t, int s)
    {
        const double X = 0.7, Noise = -1.3;

        var next = Step(new DdimSampler(), X, Noise, t, s, drawn: 0);

        Assert.AreEqual((X / Root(t)) + ((Sigma(s) - Sigma(t)) * Noise), next / Root(s), 1e-10 / Root(s));
    }

    [TestMethod]
    public void DdimStep_EtaZero_AgreesWithEquation15InSmallSteps()
    {
        const double X = 0.7, Noise = -1.3;

        // What a step changes, by the two rules: the shorter the step, the nearer.
        double Difference(int t, int s)
        {
            var change = (Step(new DdimSampler(), X, Noise, t, s, drawn: 0) / Root(s)) - (X / Root(t));
            var other = ((Sigma(s) * Sigma(s)) - (Sigma(t) * Sigma(t))) / (2 * Sigma(t)) * Noise;
            return Math.Abs((change - other) / change);
        }

        Assert.IsLessThan(0.01, Difference(500, 499));
        Assert.IsLessThan(0.2 * Difference(500, 490), Difference(500, 499));
    }

    private static double Root(int t) => Math.Sqrt(_schedule.AlphaBar(t));

    private static double Sigma(int t) => Math.Sqrt((1 - _schedule.AlphaBar(t)) / _schedule.AlphaBar(t));

    private static Batch Pixel(double value) => Batches.Filled(1, 1, value);

    // One step of one pixel, for a network that sees the given noise in it.
    private static double Step(Sampler sampler, double x, double predictedNoise, int t, int s, double drawn)
    {
        var denoiser = new Denoiser((_, _) => Pixel(predictedNoise), PredictionType.Epsilon, Clipping.None);
        var step = new SamplingStep(t, _schedule.AlphaBar(t), _schedule.AlphaBar(s), AddsNoise: true);
        return sampler.Sample(denoiser, Pixel(x), [step], new FixedNoise(drawn)).Values[0];
    }

    private sealed class FixedNoise(double value) : NoiseSource
    {
        public override Batch Next(int count, int length) => Batches.Filled(count, length, value);
    }
}
