using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;
using Microsoft.ML.Diffusion.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Losses and their gradients in closed form are those of libtorch and of central differences.</summary>
[TestClass]
public sealed class ObjectiveGradientTests
{
    private const int Channels = 2;
    private const int Pixels = 12;
    private const int Length = Channels * Pixels;
    private const double Weight = 0.7; // high, so that the bound's share of a hybrid loss shows

    private static readonly NoiseSchedule _schedule = NoiseSchedule.Cosine(50);
    private static readonly int[] _timesteps = [0, 1, 20, 48, 49];

    public static IEnumerable<object[]> Cases =>
        from loss in Enum.GetValues<TrainingLoss>()
        from prediction in Enum.GetValues<PredictionType>()
        from variance in Enum.GetValues<DdpmVariance>()
        from weights in loss == TrainingLoss.Variational ? [(0.0, 1.0)] : new[] { (0.0, 1.0), (2, 1), (2, 0.5) }
        select new object[] { loss, prediction, variance, weights.Item1, weights.Item2 };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Terms_AnyLoss_AreThoseOfLibTorch(
        TrainingLoss loss,
        PredictionType prediction,
        DdpmVariance variance,
        double gamma,
        double power)
    {
        var diffusion = new GaussianDiffusion(_schedule, prediction);
        var oracle = new TorchObjective(diffusion, loss, variance, Weight, Weights(gamma, power));
        var objective = new TrainingObjective(diffusion, loss, variance) { VariationalWeight = Weight, SnrWeights = Weights(gamma, power) };
        foreach (var (t, error) in from t in _timesteps from error in new[] { 0, 0.02, 0.5, 30 } select (t, error))
        {
            var example = new Example(diffusion, t, error, variance == DdpmVariance.Learned);
            var (expectedLoss, expectedGradient) = Derived(oracle, example, t);
            var gradient = new double[example.Output.Length];

            var terms = objective.Terms(example.Image, example.Output, gradient);

            var what = $"t = {t}, off by {error}";
            // Of a network that is right, what is left is rounding.
            Assert.AreEqual(expectedLoss, terms.Loss, Math.Max(1e-20, 1e-10 * Math.Abs(expectedLoss)), what);
            GoldenAssert.AreClose(
                expectedGradient,
                gradient,
                what,
                absolute: 1e-11 * Math.Max(error == 0 ? 1 : 0, expectedGradient.Max(Math.Abs)),
                relative: 1e-8);
            Assert.AreEqual(terms.Loss, objective.Terms(example.Image, example.Output).Loss, what);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Terms_AnyLoss_GradientIsTheSlope(
        TrainingLoss loss,
        PredictionType prediction,
        DdpmVariance variance,
        double gamma,
        double power)
    {
        var diffusion = new GaussianDiffusion(_schedule, prediction);
        var isLearned = variance == DdpmVariance.Learned;
        var objective =
            new TrainingObjective(diffusion, loss, variance) { VariationalWeight = Weight, SnrWeights = Weights(gamma, power) };
        var simple = new TrainingObjective(diffusion, TrainingLoss.Simple, variance) { SnrWeights = objective.SnrWeights };

        // Far out in the decoder's tails its own rounding is larger than differences.
        foreach (var (t, error) in from t in _timesteps from error in t == 0 ? new[] { 0.01, 0.03 } : [0.02, 0.5] select (t, error))
        {
            var example = new Example(diffusion, t, error, isLearned);
            var gradient = new double[example.Output.Length];
            objective.Terms(example.Image, example.Output, gradient, factor: -3);

            double[] slopes = [.. Enumerable.Range(0, gradient.Length).Select(i => -3 * Slope(i))];

            GoldenAssert.AreClose(slopes, gradient, $"t = {t}, off by {error}", absolute: 1e-7 * slopes.Max(Math.Abs));

            // Of four differences, right to the fourth power of the step. In a hybrid loss, the prediction's gradient is of the squared error alone.
            double Slope(int i)
            {
                const double Step = 1e-4;
                var moved = example.Output.ToArray();
                double At(int steps)
                {
                    moved[i] = example.Output[i] + (steps * Step);
                    return (loss == TrainingLoss.Hybrid && i < Length ? simple : objective).Terms(example.Image, moved).Loss;
                }

                return ((8 * (At(1) - At(-1))) - (At(2) - At(-2))) / (12 * Step);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Terms_InSingle_AreThoseOfDouble(
        TrainingLoss loss,
        PredictionType prediction,
        DdpmVariance variance,
        double gamma,
        double power)
    {
        var diffusion = new GaussianDiffusion(_schedule, prediction);
        var objective =
            new TrainingObjective(diffusion, loss, variance) { VariationalWeight = Weight, SnrWeights = Weights(gamma, power) };
        foreach (var t in _timesteps)
        {
            var rounded = new Example(diffusion, t, 0.1, variance == DdpmVariance.Learned).Rounded();
            var (single, gradient) = (new float[rounded.Output.Length], new double[rounded.Output.Length]);

            var expected = objective.Terms(rounded.Image, rounded.Output, gradient, 0.25);
            var actual = objective.Terms(rounded.SingleImage, Example.Single(rounded.Output), single.AsSpan(), 0.25);

            Assert.AreEqual(expected, actual, $"t = {t}");
            CollectionAssert.AreEqual(Example.Single(gradient), single, $"t = {t}");
        }
    }

    [TestMethod]
    [DataRow(1e3)]
    [DataRow(1e30)]
    public void Terms_OutputFarBeyondAnyImage_HasFiniteGradientsOfTheDecoder(double size)
    {
        var diffusion = new GaussianDiffusion(_schedule);
        var objective = new TrainingObjective(diffusion, TrainingLoss.Variational, DdpmVariance.Learned);
        foreach (var (prediction, interpolation) in new[] { (size, 0.0), (0, size), (-size, -1.0), (0, -size), (size, size) })
        {
            var example = new Example(diffusion, 0, 0, isLearned: true);
            Array.Fill(example.Output, prediction, 0, Length);
            Array.Fill(example.Output, interpolation, Length, Length);
            var gradient = new double[example.Output.Length];

            var terms = objective.Terms(example.Image, example.Output, gradient);

            Assert.IsTrue(double.IsFinite(terms.Loss), $"{prediction}, {interpolation}: {terms.Loss}");
            Assert.IsTrue(gradient.All(double.IsFinite), $"{prediction}, {interpolation}: {string.Join(", ", gradient)}");
        }
    }

    [TestMethod]
    public void Terms_NotANumber_StaysNone()
    {
        foreach (var (loss, t) in from loss in Enum.GetValues<TrainingLoss>() from t in new[] { 0, 20 } select (loss, t))
        {
            var diffusion = new GaussianDiffusion(_schedule);
            var example = new Example(diffusion, t, 0.1, isLearned: true);
            example.Output[3] = double.NaN;
            var gradient = new double[example.Output.Length];

            var terms = new TrainingObjective(diffusion, loss, DdpmVariance.Learned).Terms(example.Image, example.Output, gradient);

            Assert.IsTrue(double.IsNaN(terms.Loss), $"{loss} at {t}");
            Assert.IsTrue(double.IsNaN(gradient[3]), $"{loss} at {t}");
        }
    }

    private static MinimumSnr? Weights(double gamma, double power) => gamma > 0 ? new MinimumSnr(gamma, power) : null;

    private static (double Loss, double[] Gradient) Derived(TorchObjective oracle, Example example, int t)
    {
        using var scope = NewDisposeScope();
        Tensor Image(ReadOnlySpan<double> values) => tensor(values.ToArray(), [1, values.Length / Pixels, 3, 4]);
        var output = Image(example.Output).requires_grad_();
        var loss = oracle.Losses(Image(example.Image.Original), Image(example.Image.Noise), Image(example.Image.Noisy), output, [t]);
        loss.sum().backward();
        return (loss.Value(), output.grad!.ToDoubles());
    }

    /// <summary>An image with both ends among its levels, and what a network says of it that is off by so much.</summary>
    private sealed class Example
    {
        private readonly double[] _original = new double[Length];
        private readonly double[] _noise = new double[Length];
        private readonly double[] _noisy;
        private readonly int _timestep;

        public Example(GaussianDiffusion diffusion, int timestep, double error, bool isLearned)
        {
            var random = new Random(timestep);
            for (var i = 0; i < Length; i++)
            {
                _original[i] = ((i % 4 == 0 ? 0 : i % 4 == 1 ? 255 : random.Next(256)) / 127.5) - 1;
                _noise[i] = Normal(random);
            }

            (_timestep, _noisy) = (timestep, diffusion.AddNoise<double>(_original, _noise, timestep));
            var prediction = Array.ConvertAll(diffusion.Target<double>(_original, _noise, timestep), value => value + (error * Normal(random)));
            Output = isLearned ? [.. prediction, .. prediction.Select(_ => 1.2 * Normal(random))] : prediction;
        }

        private Example(double[] original, double[] noise, double[] noisy, double[] output, int timestep) =>
            (_original, _noise, _noisy, Output, _timestep) = (original, noise, noisy, output, timestep);

        public double[] Output { get; }

        public NoisyImage<double> Image => new(_original, _noise, _noisy, _timestep);

        public NoisyImage<float> SingleImage => new(Single(_original), Single(_noise), Single(_noisy), _timestep);

        public static float[] Single(double[] values) => Array.ConvertAll(values, value => (float)value);

        public Example Rounded() => new(Rounded(_original), Rounded(_noise), Rounded(_noisy), Rounded(Output), _timestep);

        private static double[] Rounded(double[] values) => Array.ConvertAll(values, value => (double)(float)value);

        private static double Normal(Random random) =>
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
