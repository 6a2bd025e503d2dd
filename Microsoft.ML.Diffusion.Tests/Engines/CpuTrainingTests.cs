using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>Updates of weights by the CPU's engine.</summary>
[TestClass]
public sealed class CpuTrainingTests
{
    private static readonly UpdateSettings _settings = new(LearningRate: 1e-2, WeightDecay: 0.1, MaximumGradientNorm: 0.5, EmaDecay: 0.9);

    private readonly EngineComparison _comparison = new(NetworkCases.All["classes"], seed: 2);

    [TestMethod]
    [DataRow(0.999)]
    [DataRow(0.99)]
    public void Update_EqualsAdamWInDouble(double beta2)
    {
        using var network = new CpuNetwork(_comparison.Weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        var count = _comparison.Weights.Length;
        double[] weights = [.. _comparison.Weights.All.ToArray().Select(value => (double)value)], average = [.. weights];
        double[] first = new double[count], second = new double[count];

        for (var step = 1; step <= 5; step++)
        {
            Add(training, step);
            var gradient = Array.ConvertAll(training.Gradients().All.ToArray(), value => (double)value);
            var clip = Math.Min(1, 0.5 / (Math.Sqrt(gradient.Sum(value => value * value)) + 1e-6));
            for (var i = 0; i < count; i++)
            {
                var g = clip * gradient[i];
                first[i] += (g - first[i]) * 0.1;
                second[i] += ((g * g) - second[i]) * (1 - beta2);
                weights[i] *= 1 - (1e-2 * 0.1);
                weights[i] -= 1e-2 * first[i] / (1 - Math.Pow(0.9, step)) / (Math.Sqrt(second[i] / (1 - Math.Pow(beta2, step))) + 1e-8);
                average[i] += 0.1 * (weights[i] - average[i]);
            }

            Assert.IsTrue(training.Update(_settings with { Beta2 = beta2 }, isLossFinite: true));
            Assert.IsFalse(training.Gradients().All.ContainsAnyExcept(0f), "the next step begins with none");
            AreClose(weights, Buffer(training, TrainingBuffer.Weights), "weights");
            AreClose(average, Buffer(training, TrainingBuffer.Average), "average");
            AreClose(first, Buffer(training, TrainingBuffer.FirstMoments), "first moments");
            AreClose(second, Buffer(training, TrainingBuffer.SecondMoments), "second moments");
        }

        Assert.AreEqual(5, training.Updates);
    }

    [TestMethod]
    [DataRow(float.NaN, true)]
    [DataRow(float.PositiveInfinity, true)]
    [DataRow(1f, false)]
    public void Update_OfANumberThatIsNotFinite_ChangesNothing(float gradient, bool isLossFinite)
    {
        using var network = new CpuNetwork(_comparison.Weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        Add(training, 1);
        training.Update(_settings, isLossFinite: true);
        var before = Enum.GetValues<TrainingBuffer>().Select(buffer => Buffer(training, buffer)).ToList();

        Add(training, gradient);
        Assert.IsFalse(training.Update(_settings, isLossFinite));

        Assert.AreEqual(1, training.Updates);
        Assert.IsFalse(training.Gradients().All.ContainsAnyExcept(0f));
        foreach (var (buffer, values) in Enum.GetValues<TrainingBuffer>().Zip(before))
        {
            CollectionAssert.AreEqual(values, Buffer(training, buffer), buffer.ToString());
        }
    }

    [TestMethod]
    public void LendAverage_Ended_GivesTheWeightsBackBitByBit()
    {
        using var network = new CpuNetwork(_comparison.Weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        Add(training, 1);
        training.Update(_settings, isLossFinite: true);
        var (own, average) = (Buffer(training, TrainingBuffer.Weights), Buffer(training, TrainingBuffer.Average));
        CollectionAssert.AreNotEqual(own, average);

        using (training.LendAverage())
        {
            CollectionAssert.AreEqual(average, _comparison.Weights.All.ToArray());
        }

        CollectionAssert.AreEqual(own, _comparison.Weights.All.ToArray());
        training.UseAverage();
        CollectionAssert.AreEqual(average, _comparison.Weights.All.ToArray());
    }

    [TestMethod]
    public void State_WrittenElsewhere_GoesOnBitByBit()
    {
        var other = new CpuNetwork(new NetworkWeights(_comparison.Plan));
        using var network = new CpuNetwork(_comparison.Weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        using var resumed = (CpuTraining)other.Train(TrainingPrecision.Float32);
        Add(training, 1);
        training.Update(_settings, isLossFinite: true);
        foreach (var buffer in Enum.GetValues<TrainingBuffer>())
        {
            resumed.Write(buffer, Buffer(training, buffer));
        }

        resumed.Updates = training.Updates;
        foreach (var run in (CpuTraining[])[training, resumed])
        {
            Add(run, 2);
            run.Update(_settings, isLossFinite: true);
        }

        foreach (var buffer in Enum.GetValues<TrainingBuffer>())
        {
            CollectionAssert.AreEqual(Buffer(training, buffer), Buffer(resumed, buffer), buffer.ToString());
        }
    }

    // A batch of images whose gradients are numbers like this one.
    private static void Add(CpuTraining training, float gradient) => training.AddGradients(
        new EngineComparison(NetworkCases.All["classes"], seed: 5).Input(5),
        new DropoutDraws(new RandomNumbers(RandomStream.Dropout, 1), 0),
        (image, output, gradients) =>
        {
            for (var i = 0; i < gradients.Length; i++)
            {
                gradients[i] = gradient * MathF.Sin(i + image);
            }
        });

    private static float[] Buffer(CpuTraining training, TrainingBuffer buffer)
    {
        var values = new float[training.Gradients().Length];
        training.Read(buffer, values);
        return values;
    }

    private static void AreClose(double[] expected, float[] actual, string name)
    {
        var largest = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 3e-6 * largest, $"{name}[{i}]");
        }
    }
}
