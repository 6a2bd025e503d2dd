using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
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
        var (x0, noise) = (Numbers(1), Numbers(2));
        foreach (var t in _timesteps)
        {
            var xt = _diffusion.AddNoise<double>(x0, noise, t);
            var velocity = new GaussianDiffusion(_diffusion.Schedule, PredictionType.VPrediction).Target<double>(x0, noise, t);
            var known = new GaussianDiffusion(_diffusion.Schedule, kind).Target<double>(x0, noise, t);

            // Dividing by sqrt(alpha-bar) or sqrt(1 - alpha-bar), at the ends about 0.01, magnifies rounding.
            AreClose(x0, _diffusion.ToOriginalSample<double>(xt, known, kind, t));
            AreClose(noise, _diffusion.ToNoise<double>(xt, known, kind, t));
            AreClose(velocity, _diffusion.ToVelocity<double>(xt, known, kind, t));
        }

        static void AreClose(double[] expected, double[] actual) =>
            Golden.GoldenAssert.AreClose(expected, actual, "values", absolute: 1e-12);
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Values_AnyConversion_AreThoseOfTensors(PredictionType kind)
    {
        using var scope = NewDisposeScope();
        var diffusion = new GaussianDiffusion(_diffusion.Schedule, kind);
        double[] image = Numbers(1), drawn = Numbers(2);
        var (x0, noise) = (tensor(image, [1, image.Length]), tensor(drawn, [1, drawn.Length]));
        foreach (var t in _timesteps)
        {
            var (xt, known) = (TorchDiffusion.AddNoise(diffusion, x0, noise, [t]), TorchDiffusion.Target(diffusion, x0, noise, [t]));

            AreClose(xt, diffusion.AddNoise<double>(image, drawn, t));
            AreClose(known, diffusion.Target<double>(image, drawn, t));
            AreClose(
                diffusion.OriginalSample(xt, known, [t]),
                diffusion.ToOriginalSample<double>(Values(xt), Values(known), kind, t));
            AreClose(diffusion.PosteriorMean(x0, xt, [t]), diffusion.Posterior(t).Mean<double>(image, Values(xt)));
            Assert.AreEqual(xt[0, 0].ToDouble(), diffusion.AddNoise<float>([(float)image[0]], [(float)drawn[0]], t)[0], 1e-6);
        }
    }

    // What the library computes with gives the same numbers as what users call.
    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Buffers_AreFilledWithTheSameNumbers(PredictionType kind)
    {
        var diffusion = new GaussianDiffusion(_diffusion.Schedule, kind);
        double[] x0 = Numbers(1), noise = Numbers(2);
        var batch = diffusion.AddNoise(new Batch([.. x0, .. x0], 2), new Batch([.. noise, .. noise], 2), [3, 700]);
        foreach (var (t, noisy) in new[] { (3, batch[0].ToArray()), (700, batch[1].ToArray()) })
        {
            var (target, original) = (diffusion.TargetScales(t), diffusion.OriginalScales(t));
            var known = x0.Select((value, i) => (target.OfOriginal * value) + (target.OfNoise * noise[i])).ToArray();

            CollectionAssert.AreEqual(diffusion.AddNoise<double>(x0, noise, t), noisy);
            Golden.GoldenAssert.AreClose(diffusion.Target<double>(x0, noise, t), known, "target", absolute: 1e-15);
            Golden.GoldenAssert.AreClose(
                diffusion.ToOriginalSample<double>(noisy, known, kind, t),
                [.. noisy.Select((value, i) => (original.OfNoisy * value) + (original.OfPrediction * known[i]))],
                "original",
                absolute: 1e-13);
        }
    }

    [TestMethod]
    public void StepDivergence_IsTheTermOfTheBound()
    {
        double[] x0 = Numbers(1), noise = Numbers(2), predicted = Numbers(3);
        foreach (var (t, variance) in new[] { (1, DdpmVariance.FixedLarge), (500, DdpmVariance.FixedSmall), (999, DdpmVariance.FixedLarge) })
        {
            var diffusion = new GaussianDiffusion(_diffusion.Schedule, PredictionType.Sample);
            var likelihood = new Likelihood(diffusion, variance, Clipping.None, (_, _, _) => new Batch(predicted, 1));
            var bits = likelihood.Term(new Batch(x0, 1), new Batch(noise, 1), [t], []).Bits[0];

            var nats = diffusion.StepDivergence<double>(x0, predicted, t, variance);

            Assert.AreEqual(bits, nats / Math.Log(2) / x0.Length, 1e-10 * bits);
            var (posterior, xt) = (diffusion.Posterior(t), diffusion.AddNoise<double>(x0, noise, t));
            var modelVariance = variance == DdpmVariance.FixedSmall ? posterior.Variance : diffusion.Schedule.Betas[t];
            Assert.AreEqual(
                nats,
                GaussianDiffusion.Divergence<double>(
                    posterior.Mean<double>(x0, xt),
                    posterior.Variance,
                    posterior.Mean<double>(predicted, xt),
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
        foreach (var convert in new Action[] { () => _diffusion.ToNoise<double>(two, two, (PredictionType)5, 3), () => _diffusion.ToOriginalSample<double>(two, two, (PredictionType)5, 3), () => _diffusion.ToVelocity<double>(two, two, (PredictionType)5, 3) })
        {
            Fixtures.Messages.Expect<ArgumentOutOfRangeException>(
                "kind must be Epsilon, Sample or VPrediction. (Parameter 'kind')\nActual value was 5.",
                convert);
        }

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

    private static double[] Numbers(long seed)
    {
        var numbers = new float[18];
        new RandomNumbers(RandomStream.AddedNoise, seed).Normals(0, 0, numbers);
        return Array.ConvertAll(numbers, number => (double)number);
    }

    private static double[] Values(Tensor tensor) => tensor.data<double>().ToArray();

    private static void AreClose(Tensor expected, double[] actual) =>
        Golden.GoldenAssert.AreClose(Values(expected.contiguous()), actual, "values", relative: 1e-11);
}
