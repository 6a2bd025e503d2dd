using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Engines;

[TestClass]
public sealed class TorchTrainingTests
{
    private static readonly NetworkCase _case = NetworkCases.All["wide"]; // drops features
    private static readonly UpdateSettings _settings = new(1e-3, WeightDecay: 0.1, MaximumGradientNorm: 1, EmaDecay: 0.9);

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void AddGradients_OnThreadsAndInPieces_AreTheGradientsOfTheWholeBatch(int threads)
    {
        var input = EngineInputs.Batch(_case, 5);
        using var network = Network(ScalarType.Float64);
        var expected = Gradients(input);
        var before = get_num_threads();
        try
        {
            set_num_threads(threads);
            using var training = (TorchTraining)network.Train(TrainingPrecision.Automatic);

            training.AddGradients(input.Part(0, 3), Draws(6), Squares);
            training.AddGradients(input.Part(3, 2), Draws(9), Squares);

            var actual = new float[expected.Length];
            training.ReadGradients(actual);
            Assert.IsLessThan(1e-6, EngineInputs.Difference(expected, actual));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [TestMethod]
    public void Buffers_AnyNumbers_AreReadAsTheyWereWritten()
    {
        using var network = Network();
        using var training = network.Train(TrainingPrecision.Float32);
        var length = (int)NetworkWeights.LengthFor(network.Plan);
        foreach (var buffer in Enum.GetValues<TrainingBuffer>())
        {
            var values = new float[length];
            new RandomNumbers(RandomStream.TrainingNoise, seed: 1).Normals((long)buffer, 0, values);
            training.Write(buffer, values);
        }

        training.Updates = 1L << 40;

        Assert.AreEqual(1L << 40, training.Updates);
        foreach (var buffer in Enum.GetValues<TrainingBuffer>())
        {
            var expected = new float[length];
            new RandomNumbers(RandomStream.TrainingNoise, seed: 1).Normals((long)buffer, 0, expected);
            CollectionAssert.AreEqual(expected, Read(training, buffer));
        }
    }

    [TestMethod]
    public void Weights_AtTheStart_AreTheNetworksInTheOrderOfABuffer()
    {
        using var network = Network();
        using var training = network.Train(TrainingPrecision.Float32);

        var expected = EngineInputs.Weights(_case.CreatePlan()).All.ToArray();

        CollectionAssert.AreEqual(expected, Read(training, TrainingBuffer.Weights));
        CollectionAssert.AreEqual(expected, Read(training, TrainingBuffer.Average));
        Assert.AreEqual(0, training.Updates);
    }

    [TestMethod]
    [DataRow(float.NaN, true)]
    [DataRow(float.PositiveInfinity, true)]
    [DataRow(1f, false)]
    public void Update_GradientOrLossIsNotFinite_ChangesNothing(float gradient, bool isLossFinite)
    {
        var input = EngineInputs.Batch(_case, 3);
        using var network = Network();
        using var training = network.Train(TrainingPrecision.Float32);
        training.AddGradients(input, Draws(0), Squares);
        Assert.IsTrue(training.Update(_settings, isLossFinite: true));
        var before = State(training);

        training.AddGradients(input, Draws(3), (image, _, values) => values.Fill(image == 1 ? gradient : 0));
        Assert.IsFalse(training.Update(_settings, isLossFinite));

        Assert.AreEqual(1, training.Updates);
        AreEqual(before, State(training));
        training.AddGradients(input, Draws(3), Squares);
        Assert.IsTrue(training.Update(_settings, isLossFinite: true), "nothing of the failed step is left in the gradients");
        Assert.AreEqual(2, training.Updates);
        Assert.IsTrue(Read(training, TrainingBuffer.Weights).All(float.IsFinite));
    }

    [TestMethod]
    public void AddGradients_LossFails_LeavesTheTrainingAsItWas()
    {
        var input = EngineInputs.Batch(_case, 3);
        using var network = Network();
        using var undisturbed = Network();
        using (var training = network.Train(TrainingPrecision.Float32))
        using (var other = undisturbed.Train(TrainingPrecision.Float32))
        {
            Assert.ThrowsExactly<InvalidOperationException>(
                () => training.AddGradients(input, Draws(0), (image, output, values) =>
                {
                    Squares(image, output, values);
                    if (image == 2)
                    {
                        throw new InvalidOperationException();
                    }
                }));

            foreach (var each in (NetworkTraining[])[training, other])
            {
                each.AddGradients(input, Draws(0), Squares);
                Assert.IsTrue(each.Update(_settings, isLossFinite: true));
            }

            AreEqual(State(other), State(training));
        }
    }

    [TestMethod]
    [DataRow(TrainingPrecision.Float32)]
    [DataRow(TrainingPrecision.BFloat16)]
    public void LendAverage_UntilItIsDisposed_IsWhatCallsSeeAndThenGoneBitByBit(TrainingPrecision precision)
    {
        var input = EngineInputs.Batch(_case, 3);
        using var network = Network();
        using var training = network.Train(precision);
        training.AddGradients(input, Draws(0), Squares);
        training.Update(_settings, isLossFinite: true);
        var (state, own) = (State(training), EngineInputs.Predict(network, input));

        var lent = training.LendAverage();
        var averaged = EngineInputs.Predict(network, input);
        CollectionAssert.AreEqual(Read(training, TrainingBuffer.Average), Read(training, TrainingBuffer.Weights));
        lent.Dispose();
        lent.Dispose();

        CollectionAssert.AreNotEqual(own, averaged);
        CollectionAssert.AreEqual(own, EngineInputs.Predict(network, input));
        AreEqual(state, State(training));
    }

    // A network that was trained in bfloat16 is one of single precision afterwards.
    [TestMethod]
    [DataRow(TrainingPrecision.Float32, false)]
    [DataRow(TrainingPrecision.Float32, true)]
    [DataRow(TrainingPrecision.BFloat16, false)]
    [DataRow(TrainingPrecision.BFloat16, true)]
    public void Dispose_Training_LeavesTheNetworkWithItsWeightsOrTheAverage(TrainingPrecision precision, bool usesAverage)
    {
        var input = EngineInputs.Batch(_case, 3);
        using var network = Network();
        float[] expected;
        using (var training = network.Train(precision))
        {
            training.AddGradients(input, Draws(0), Squares);
            training.Update(_settings, isLossFinite: true);
            expected = Read(training, usesAverage ? TrainingBuffer.Average : TrainingBuffer.Weights);
            if (usesAverage)
            {
                training.UseAverage();
            }
        }

        var weights = new NetworkWeights(network.Plan);
        network.Read(weights);
        CollectionAssert.AreEqual(expected, weights.All.ToArray());
        using var again = new TorchNetwork(network.Plan, weights, ComputeDevice.Torch);
        CollectionAssert.AreEqual(EngineInputs.Predict(again, input), EngineInputs.Predict(network, input));
    }

    private static TorchNetwork Network(ScalarType type = ScalarType.Float32) =>
        new(_case.CreatePlan(), EngineInputs.Weights(_case.CreatePlan()), ComputeDevice.Torch, type);

    private static DropoutDraws Draws(long firstSample) => new(new RandomNumbers(RandomStream.Dropout, seed: 4), firstSample);

    // Of half the sum of the squares.
    private static void Squares(int image, ReadOnlySpan<float> output, Span<float> gradient) => output.CopyTo(gradient);

    // Those of one pass of libtorch alone.
    private static float[] Gradients(NetworkInput input)
    {
        using var scope = NewDisposeScope();
        using var network = new UNet(_case.CreatePlan());
        network.Write(EngineInputs.Weights(_case.CreatePlan()));
        network.to(ScalarType.Float64);
        var x = tensor(input.Images.ToArray(), [input.Count, _case.Channels, _case.Height, _case.Width], ScalarType.Float64);
        var drops = new SeededDropout(_case.Options.Dropout, Draws(6).Numbers, Draws(6).FirstSample);
        network.Forward(x, tensor(input.Timesteps.ToArray()), drops: drops).square().sum().div(2).backward();
        var gradients = new NetworkWeights(_case.CreatePlan());
        foreach (var (name, weight) in network.named_parameters())
        {
            HostNumbers.Read(weight.grad!, gradients[name]);
        }

        return gradients.All.ToArray();
    }

    private static float[] Read(NetworkTraining training, TrainingBuffer buffer)
    {
        var values = new float[NetworkWeights.LengthFor(_case.CreatePlan())];
        training.Read(buffer, values);
        return values;
    }

    private static float[][] State(NetworkTraining training) => [.. Enum.GetValues<TrainingBuffer>().Select(buffer => Read(training, buffer))];

    private static void AreEqual(float[][] expected, float[][] actual)
    {
        foreach (var (buffer, values) in expected.Index())
        {
            CollectionAssert.AreEqual(values, actual[buffer], $"{(TrainingBuffer)buffer}");
        }
    }
}
