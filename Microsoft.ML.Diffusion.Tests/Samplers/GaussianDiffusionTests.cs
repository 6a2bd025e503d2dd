using Microsoft.ML.Diffusion.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class GaussianDiffusionTests
{
    private static readonly GaussianDiffusion _diffusion = new(NoiseSchedule.Linear());
    private static readonly int[] _timesteps = [0, 500, 999];

    public static IEnumerable<object[]> Kinds => Enum.GetValues<PredictionType>().Select(kind => new object[] { kind });

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Conversions_FromAnyOfTheThree_GiveAllThree(PredictionType kind)
    {
        using var scope = NewDisposeScope();
        var (x0, noise) = (SamplerInputs.Noise(3, seed: 1), SamplerInputs.Noise(3, seed: 2));
        var xt = _diffusion.AddNoise(x0, noise, _timesteps);
        var velocity = new GaussianDiffusion(_diffusion.Schedule, PredictionType.VPrediction).Target(x0, noise, _timesteps);
        var known = new GaussianDiffusion(_diffusion.Schedule, kind).Target(x0, noise, _timesteps);

        // Dividing by sqrt(alpha-bar) or sqrt(1 - alpha-bar), at the ends about 0.01, magnifies rounding.
        Assert.IsLessThan(1e-12, (_diffusion.ToOriginalSample(xt, known, kind, _timesteps) - x0).abs().max().ToDouble());
        Assert.IsLessThan(1e-12, (_diffusion.ToNoise(xt, known, kind, _timesteps) - noise).abs().max().ToDouble());
        Assert.IsLessThan(1e-12, (_diffusion.ToVelocity(xt, known, kind, _timesteps) - velocity).abs().max().ToDouble());
    }

    [TestMethod]
    public void Methods_WithoutAScope_LeaveOnlyTheirResultsAlive()
    {
        using var x = SamplerInputs.Noise(3);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using var noisy = _diffusion.AddNoise(x, x, _timesteps);
        using var target = _diffusion.Target(x, x, _timesteps);
        using var velocity = _diffusion.ToVelocity(x, x, PredictionType.Epsilon, _timesteps);
        using var original = _diffusion.ToOriginalSample(x, x, PredictionType.Sample, _timesteps);
        using var noise = _diffusion.ToNoise(x, x, PredictionType.Sample, _timesteps);
        var (mean, variance, logVariance) = _diffusion.Posterior(x, x, _timesteps);

        Assert.AreEqual(before + 8, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        mean.Dispose();
        variance.Dispose();
        logVariance.Dispose();
    }

    [TestMethod]
    public void AddNoise_TimestepBeyondTheSchedule_SaysWhy()
    {
        using var x = SamplerInputs.Noise(3);

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _diffusion.AddNoise(x, x, [0, 1000, 1]));

        Assert.AreEqual(
            "timesteps[1] must be from 0 to 999, because the schedule has 1000 timesteps. (Parameter 'timesteps')\nActual value was 1000.",
            error.Message.ReplaceLineEndings("\n"));
    }

    [TestMethod]
    public void AddNoise_AnotherNumberOfTimesteps_SaysWhy()
    {
        using var x = SamplerInputs.Noise(3);

        var error = Assert.ThrowsExactly<ArgumentException>(() => _diffusion.AddNoise(x, x, [0, 1]));

        Assert.AreEqual("timesteps must hold one timestep for each of the 3 samples, got 2. (Parameter 'timesteps')", error.Message);
    }

    [TestMethod]
    public void Conversions_UnknownKind_SayWhy()
    {
        using var x = SamplerInputs.Noise(3);

        foreach (var convert in new Func<Tensor>[] { () => _diffusion.ToNoise(x, x, (PredictionType)5, _timesteps), () => _diffusion.ToOriginalSample(x, x, (PredictionType)5, _timesteps), () => _diffusion.ToVelocity(x, x, (PredictionType)5, _timesteps) })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(convert);
            Assert.AreEqual(
                "kind must be Epsilon, Sample or VPrediction. (Parameter 'kind')\nActual value was 5.",
                error.Message.ReplaceLineEndings("\n"));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Values_AnyConversion_AreThoseOfTensors(PredictionType kind)
    {
        using var scope = NewDisposeScope();
        var diffusion = new GaussianDiffusion(_diffusion.Schedule, kind);
        var (x0, noise) = (SamplerInputs.Noise(1, seed: 1), SamplerInputs.Noise(1, seed: 2));
        double[] image = Values(x0), drawn = Values(noise);
        foreach (var t in _timesteps)
        {
            var xt = diffusion.AddNoise(x0, noise, [t]);
            var known = diffusion.Target(x0, noise, [t]);

            AreClose(xt, diffusion.AddNoise<double>(image, drawn, t));
            AreClose(known, diffusion.Target<double>(image, drawn, t));
            AreClose(
                diffusion.ToOriginalSample(xt, known, kind, [t]),
                diffusion.ToOriginalSample<double>(Values(xt), Values(known), kind, t));
            AreClose(diffusion.ToNoise(xt, known, kind, [t]), diffusion.ToNoise<double>(Values(xt), Values(known), kind, t));
            AreClose(diffusion.ToVelocity(xt, known, kind, [t]), diffusion.ToVelocity<double>(Values(xt), Values(known), kind, t));
            AreClose(diffusion.Posterior(x0, xt, [t]).Mean, diffusion.Posterior(t).Mean<double>(image, Values(xt)));
            Assert.AreEqual(xt[0, 0, 0, 0].ToDouble(), diffusion.AddNoise<float>([(float)image[0]], [(float)drawn[0]], t)[0], 1e-6);
        }
    }

    [TestMethod]
    public void StepDivergence_IsTheTermOfTheBound()
    {
        using var scope = NewDisposeScope();
        var (x0, noise, predicted) = (SamplerInputs.Noise(1, seed: 1), SamplerInputs.Noise(1, seed: 2), SamplerInputs.Noise(1, seed: 3));
        foreach (var (t, variance) in new[] { (1, DdpmVariance.FixedLarge), (500, DdpmVariance.FixedSmall), (999, DdpmVariance.FixedLarge) })
        {
            var diffusion = new GaussianDiffusion(_diffusion.Schedule, PredictionType.Sample);
            var bits = new Likelihood(diffusion, variance, Clipping.None, (_, _, _) => predicted).Term(x0, noise, [t], []).Bits.ToDouble();

            var nats = diffusion.StepDivergence<double>(Values(x0), Values(predicted), t, variance);

            Assert.AreEqual(bits, nats / Math.Log(2) / x0.numel(), 1e-10 * bits);
            var (posterior, xt) = (diffusion.Posterior(t), diffusion.AddNoise<double>(Values(x0), Values(noise), t));
            var modelVariance = variance == DdpmVariance.FixedSmall ? posterior.Variance : diffusion.Schedule.Betas[t];
            Assert.AreEqual(
                nats,
                GaussianDiffusion.Divergence<double>(
                    posterior.Mean<double>(Values(x0), xt),
                    posterior.Variance,
                    posterior.Mean<double>(Values(predicted), xt),
                    modelVariance),
                1e-8 * nats);
        }
    }

    [TestMethod]
    public void Values_BadArguments_SayWhy()
    {
        double[] two = [1, 2], one = [1];
        Fixtures.Messages.Expect<ArgumentException>(
            "noise must hold 2 values like the others, but has 1. (Parameter 'noise')",
            () => _diffusion.AddNoise<double>(two, one, 3));
        Fixtures.Messages.Expect<ArgumentException>(
            "x must hold 2 values like the others, but has 0. (Parameter 'x')",
            () => _diffusion.Posterior(3).Mean<double>(two, []));
        Fixtures.Messages.Expect<ArgumentOutOfRangeException>(
            "timestep must be from 0 to 999, because the schedule has 1000 timesteps. (Parameter 'timestep')\nActual value was 1000.",
            () => _diffusion.Forward(1000));
        Fixtures.Messages.Expect<ArgumentOutOfRangeException>(
            "previousTimestep must be from -1, a clean image, to 4, because the step leads down from timestep 5. (Parameter 'previousTimestep')\nActual value was 5.",
            () => _diffusion.Posterior(5, 5));
        Fixtures.Messages.Expect<ArgumentOutOfRangeException>(
            "variance must be FixedSmall or FixedLarge, because a learned one differs from value to value. (Parameter 'variance')\nActual value was Learned.",
            () => _diffusion.StepDivergence<double>(two, two, 5, DdpmVariance.Learned));
        Fixtures.Messages.Expect<ArgumentException>(
            "sigmas must hold one for each of the 1000 timesteps, but there are 1. (Parameter 'sigmas')",
            () => _ = new NonMarkovianProcess(_diffusion.Schedule, 0));
        Fixtures.Messages.Expect<ArgumentOutOfRangeException>(
            "sigmas[1] must be from 0 to 0.5, because the noise drawn in a step is part of that of the timestep it leads to. (Parameter 'sigmas')\nActual value was 0.6.",
            () => _ = new NonMarkovianProcess(NoiseSchedule.FromBetas(0.25, 0.5), 0, 0.6));
        Fixtures.Messages.Expect<ArgumentOutOfRangeException>(
            "sigmas[0] must be a number of at least 0, because it is a standard deviation. (Parameter 'sigmas')\nActual value was -1.",
            () => _ = new NonMarkovianProcess(NoiseSchedule.FromBetas(0.25, 0.5), -1, 0));
        Fixtures.Messages.Expect<ArgumentOutOfRangeException>(
            "eta must be in [0, 1], because it scales the noise from none (DDIM) to that of DDPM. (Parameter 'eta')\nActual value was 2.",
            () => NonMarkovianProcess.OfEta(_diffusion.Schedule, 2));
    }

    private static double[] Values(Tensor tensor) => tensor.data<double>().ToArray();

    private static void AreClose(Tensor expected, double[] actual) =>
        Golden.GoldenAssert.AreClose(Values(expected.contiguous()), actual, "values", relative: 1e-11);
}
