using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Networks;
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
    public void Predict_ManyBatchSizesOnManyThreads_KeepsNoMoreMemoryThanCores()
    {
        var comparison = new EngineComparison(NetworkCases.All["tiny"], seed: 4);
        using var network = new CpuNetwork(comparison.Weights);
        var input = comparison.Input(40);
        var expected = Predict(network, input, cores: 1);
        var length = expected.Length / input.Count;

        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var count = 1 + (i % 40);
            CollectionAssert.AreEqual(expected[..(count * length)], Predict(network, Part(input, 0, count), cores: 1 + (i % 5)));
        });

        Assert.IsLessThanOrEqualTo(Environment.ProcessorCount, network.IdleMemories);
        Assert.IsLessThanOrEqualTo(16, network.Programs, "one for each number of images that are computed together");
        Assert.IsGreaterThan(0, network.IdleMemories);
        network.Dispose();
        Assert.AreEqual((0, 0), (network.IdleMemories, network.Programs));
        Assert.IsNull(network.Weights);
    }

    // The features of a 64x64 image, of one of 512x512, and of one that takes more than all parts may.
    [TestMethod]
    [DataRow(64, false, 2, 2, 16)]
    [DataRow(64, false, 64, 64, 5)]
    [DataRow(512, false, 2, 2, 2)]
    [DataRow(512, true, 2, 1, 1)]
    public void Share_LargeImages_AreFewerAtOnce(int side, bool trains, int cores, int parts, int images)
    {
        var options = new UNetOptions { ChannelMultipliers = [1, 1], AttentionResolutions = [], NumberOfResidualBlocks = 1 };
        var plan = new UNetPlan(options, 3, 3, side, side);
        var program = new CpuProgram(plan, images: 1, plan.Nodes.Count - 1, trains);

        var share = CpuShare.For(program, cores);

        Assert.AreEqual(new CpuShare(parts, images), share, $"{program.Memory.Length} numbers an image");
        Assert.IsLessThanOrEqualTo(
            images * program.Memory.Length * 1.01,
            new CpuProgram(plan, images, plan.Nodes.Count - 1, trains).Memory.Length,
            "a program's memory grows with its images at most");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Program_LargeImageOfTheDefaultNetwork_FitsABuffer(bool trains)
    {
        var plan = new UNetPlan(new UNetOptions(), 3, 3, 512, 512);

        var program = new CpuProgram(plan, images: 1, plan.Nodes.Count - 1, trains);

        Console.WriteLine($"{program.Memory.Length * sizeof(float) >> 20} MiB");
        Assert.IsLessThan(Array.MaxLength, program.Memory.Length);
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Predict_ImagesOf512And64Channels_AreWhatTheyAreAlone()
    {
        var options =
            new UNetOptions
            {
                ChannelMultipliers = [1],
                AttentionResolutions = [],
                NumberOfResidualBlocks = 1,
                Details = new() { Middle = UNetMiddle.None },
            };
        using var network = new CpuNetwork(EngineInputs.Weights(new UNetPlan(options, 3, 3, 512, 512)));
        var images = new float[2 * 3 * 512 * 512];
        new RandomNumbers(RandomStream.TrainingNoise, seed: 3).Normals(0, 0, images);
        var input = new NetworkInput(2, images, new float[] { 500 }, default);

        var both = Predict(network, input, cores: 2);

        Assert.IsTrue(both.All(float.IsFinite));
        CollectionAssert.AreEqual(both[(both.Length / 2)..], Predict(network, Part(input, 1, 1), cores: 2));
    }

    [TestMethod]
    public void MemoryPool_PiecesOfAnyLength_TakesTheSmallestThatIsLargeEnough()
    {
        const int Most = 3;
        var pool = new CpuMemoryPool(Most);
        var (small, large) = (new CpuMemory(100), new CpuMemory(1000));
        pool.Return(large);
        pool.Return(small);

        Assert.AreSame(small, pool.Take(100));
        pool.Return(small);
        Assert.AreSame(large, pool.Take(101));
        Assert.AreEqual(200, pool.Take(200).Length, "none is large enough");
        Assert.AreEqual(0, pool.Count, "it was made in place of the small one");
        for (var i = 0; i < 3 * Most; i++)
        {
            pool.Return(new CpuMemory(i));
        }

        Assert.AreEqual(Most, pool.Count);
        Assert.AreEqual((3L * Most) - 1, pool.Take((3 * Most) - 1).Length);
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
