using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>What the CPU's engine promises beyond right numbers.</summary>
[TestClass]
public sealed class CpuNetworkTests
{
    [TestMethod]
    [DataRow("default")]
    [DataRow("patches")]
    [DataRow("heads")]
    [DataRow("middle without norm")]
    public void Predict_AnImage_HasTheSameBitsInAnyBatchAndOnAnyThreads(string name)
    {
        var comparison = new EngineComparison(NetworkCases.All[name], seed: 4);
        using var network = new CpuNetwork(comparison.Weights);
        var input = comparison.Input(19);
        var expected = Predict(network, input, cores: 1);
        var length = expected.Length / input.Count;

        foreach (var cores in new[] { 2, 3, 40 })
        {
            CollectionAssert.AreEqual(expected, Predict(network, input, cores), $"{cores} cores");
        }

        foreach (var (first, count) in new[] { (0, 1), (3, 1), (18, 1), (5, 2), (2, 9) })
        {
            foreach (var cores in new[] { 1, 2 })
            {
                var part = Predict(network, Part(input, first, count), cores);
                CollectionAssert.AreEqual(
                    expected[(first * length)..((first + count) * length)],
                    part,
                    $"{count} images from {first} on, {cores} cores");
            }
        }
    }

    [TestMethod]
    public void Predict_OnSeveralThreadsAtOnce_SaysTheSame()
    {
        var comparison = new EngineComparison(NetworkCases.All["classes"], seed: 4);
        using var network = new CpuNetwork(comparison.Weights);
        var input = comparison.Input(5);
        var expected = Predict(network, input, cores: 1);

        Parallel.For(0, 16, _ => CollectionAssert.AreEqual(expected, Predict(network, input, cores: 2)));
    }

    [TestMethod]
    public void Predict_NotANumber_IsNotHidden()
    {
        var comparison = new EngineComparison(NetworkCases.All["tiny"], seed: 4);
        using var network = new CpuNetwork(comparison.Weights);
        var input = comparison.Input(3);
        var images = input.Images.ToArray();
        images[70] = float.NaN; // in the second image

        var prediction = Predict(network, input with { Images = images }, cores: 2);

        Assert.IsTrue(prediction[64..128].All(float.IsNaN), "all of the image");
        CollectionAssert.AreEqual(Predict(network, input, cores: 2)[..64], prediction[..64], "the others are as they were");
    }

    [TestMethod]
    public void AddGradients_ThatThrows_LeavesTheEngineUsable()
    {
        var comparison = new EngineComparison(NetworkCases.All["classes"], seed: 4);
        using var network = new CpuNetwork(comparison.Weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        var input = comparison.Input(5);
        var draws = new DropoutDraws(new RandomNumbers(RandomStream.Dropout, 1), 0);
        void Add(OutputGradient loss) => training.AddGradients(input, draws, loss);
        void Ones(int image, ReadOnlySpan<float> output, Span<float> gradient) => gradient.Fill(1);
        Add(Ones);
        var expected = training.Gradients().All.ToArray();
        Assert.IsFalse(training.Update(new UpdateSettings(0.1, 0, 1, 0), isLossFinite: false));

        Assert.ThrowsExactly<InvalidOperationException>(() => Add((image, output, gradient) =>
        {
            gradient.Fill(1);
            if (image == 4)
            {
                throw new InvalidOperationException();
            }
        }));

        Assert.IsFalse(training.Gradients().All.ContainsAnyExcept(0f), "of half a batch nothing is left");
        Add(Ones);
        CollectionAssert.AreEqual(expected, training.Gradients().All.ToArray());
    }

    [TestMethod]
    public void Steps_Repeated_AllocateNothing()
    {
        var comparison = new EngineComparison(NetworkCases.All["classes"], seed: 4);
        using var network = new CpuNetwork(comparison.Weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        var input = comparison.Input(4);
        var draws = new DropoutDraws(new RandomNumbers(RandomStream.Dropout, 1), 0);
        OutputGradient loss = (_, _, gradient) => gradient.Fill(0.01f);
        void Step()
        {
            training.AddGradients(input, draws, loss);
            training.Update(new UpdateSettings(1e-4, 0, 1, 0.9), isLossFinite: true);
        }

        OnCores(1, () =>
        {
            Step();
            Step();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 200; i++)
            {
                Step();
            }

            Assert.AreEqual(before, GC.GetAllocatedBytesForCurrentThread(), "bytes");
        });
    }

    private static float[] Predict(CpuNetwork network, NetworkInput input, int cores)
    {
        var shape = network.Plan.Nodes[^1].Shape;
        var prediction = new float[input.Count * shape.Channels * shape.Height * shape.Width];
        OnCores(cores, () => network.Predict(input, prediction));
        return prediction;
    }

    private static NetworkInput Part(NetworkInput input, int first, int count)
    {
        var length = input.Images.Length / input.Count;
        return new(
            count,
            input.Images.Slice(first * length, count * length),
            input.Timesteps.Length == 1 ? input.Timesteps : input.Timesteps.Slice(first, count),
            input.Labels.IsEmpty ? input.Labels : input.Labels.Slice(first, count));
    }

    private static void OnCores(int cores, Action work)
    {
        var before = CoreShare.Cores;
        (CoreShare.Cores, KernelThreads.SharesAll) = (cores, true);
        try
        {
            work();
        }
        finally
        {
            (CoreShare.Cores, KernelThreads.SharesAll) = (before, false);
        }
    }
}
