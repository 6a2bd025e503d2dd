using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Engines;

[TestClass]
public sealed class GradientShardsTests
{
    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    public void Run_Parts_AddUpToTheUpdateOfTheWholeBatch(int count)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var x = randn([7, 1, 8, 8], ScalarType.Float64, generator: generator);

        var expected = Update(x, 1);
        var actual = Update(x, count);

        Assert.IsLessThan(1e-12, (expected - actual).abs().max().ToDouble());
    }

    // What dropout chooses belongs to the image, so that the parts of a batch choose what the whole would have.
    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    public void Run_PartsWithDropout_AddUpToTheUpdateOfTheWholeBatch(int count)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var x = randn([7, 1, 8, 8], ScalarType.Float64, generator: generator);

        var expected = Update(x, 1, dropout: 0.3);
        var actual = Update(x, count, dropout: 0.3);

        Assert.IsLessThan(1e-12, (expected - actual).abs().max().ToDouble());
        Assert.IsGreaterThan(1e-4, (expected - Update(x, 1)).abs().max().ToDouble(), "dropout took part");
    }

    [TestMethod]
    public void Run_PartFails_ThrowsItsErrorAndGoesOn()
    {
        using var network = Network();
        using var parameters = new FlatOptimizer(network);
        using var shards = new GradientShards(network, parameters, 2);

        var error =
            Assert.ThrowsExactly<InvalidOperationException>(
                () => shards.Run(2, (_, first, _) => _ = first == 1 ? throw new InvalidOperationException("part 1") : first));
        var firsts = new int[2];
        shards.Run(2, (_, first, count) => firsts[first] = first + count);

        Assert.AreEqual("part 1", error.Message);
        CollectionAssert.AreEqual(new[] { 1, 2 }, firsts);
    }

    [TestMethod]
    public void Shards_LeaveTheThreadsOfOthersAlone()
    {
        var before = get_num_threads();
        using var network = Network();
        using var parameters = new FlatOptimizer(network);

        using (new GradientShards(network, parameters, 2))
        {
            Assert.AreEqual(before, get_num_threads());
            Assert.AreEqual(before, OnNewThread(get_num_threads));
        }

        Assert.AreEqual(before, get_num_threads());
    }

    [TestMethod]
    public void Fit_BFloat16_LearnsAndLeavesFloat32Weights()
    {
        var reports = new List<TrainingProgress>();
        using var model = TinyModel.Train(TinyModel.On("torch") with
        {
            Training = new TrainingOptions
            {
                Precision = TrainingPrecision.BFloat16,
                NumberOfSteps = 60,
                BatchSize = 16,
                LearningRate = 4e-3,
                WarmupSteps = 5,
                ReportEverySteps = 15,
                Progress = new Direct<TrainingProgress>(reports.Add),
            },
        });

        Assert.IsLessThan(0.9 * reports[0].Loss, reports[^1].Loss, $"from {reports[0].Loss} to {reports[^1].Loss}");
        Assert.AreEqual(0, model.Training!.SkippedSteps);
        Assert.Contains(weight => (BitConverter.SingleToUInt32Bits(weight) & 0xFFFF) != 0, Weights.Values(model), "not rounded to bfloat16");
        Assert.HasCount(2, model.Generate(2));
    }

    // The weights after one update.
    private static Tensor Update(Tensor x, int count, double dropout = 0)
    {
        using var network = Network(dropout);
        using var parameters = new FlatOptimizer(network);
        using var shards = new GradientShards(network, parameters, count);
        parameters.ZeroGradients();
        shards.Run((int)x.shape[0], (part, first, size) =>
        {
            var images = x.narrow(0, first, size);
            var drops = new SeededDropout(dropout, new RandomNumbers(RandomStream.Dropout, seed: 1), first);
            ((part.Forward(images, tensor([500f]), drops: drops) - images).square().sum() / x.numel()).backward();
        });
        parameters.Update(new UpdateSettings(1e-2, 0, 0.5, 0), isLossFinite: true);
        return parameters[TrainingBuffer.Weights].clone();
    }

    private static UNet Network() => Network(dropout: 0);

    private static UNet Network(double dropout)
    {
        var network = new UNet(new UNetPlan(TinyModel.Options.Network with { Dropout = dropout }, 1, 1, 8, 8));
        network.Initialize(seed: 1);
        if (dropout > 0)
        {
            using var noGrad = no_grad();
            network["conv_out.weight"].fill_(0.1); // what starts at zero would hide what is dropped before it
            foreach (var (_, weight) in network.named_parameters().Where(weight => weight.name.EndsWith("conv2.weight", StringComparison.Ordinal)))
            {
                weight.fill_(0.05);
            }
        }

        network.to(ScalarType.Float64);
        return network;
    }

    private static T OnNewThread<T>(Func<T> function)
    {
        T result = default!;
        var thread = new Thread(() => result = function());
        thread.Start();
        thread.Join();
        return result;
    }
}
