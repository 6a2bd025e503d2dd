using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Engines;

[TestClass]
public sealed class FlatOptimizerTests
{
    [TestMethod]
    [DataRow(0.999)]
    [DataRow(0.99)]
    public void Update_EqualsAdamWTensorByTensor(double beta2)
    {
        using var scope = NewDisposeScope();
        using var flat = Network();
        using var plain = Network();
        using var parameters = new FlatOptimizer(flat);
        var optimizer = optim.AdamW(plain.parameters(), lr: 1e-2, beta2: beta2, weight_decay: 0.1);
        var average = plain.parameters().Select(parameter => parameter.detach().clone()).ToList();
        using var generator = new Generator(3);

        for (var step = 0; step < 5; step++)
        {
            var x = randn([2, 1, 8, 8], ScalarType.Float64, generator: generator);
            parameters.ZeroGradients();
            var loss = Loss(flat, x);
            loss.backward();
            parameters.Update(new UpdateSettings(1e-2, 0.1, 0.5, 0.9, beta2), isLossFinite: true);

            optimizer.zero_grad();
            Loss(plain, x).backward();
            nn.utils.clip_grad_norm_(plain.parameters(), 0.5);
            optimizer.step();
            using var noGrad = no_grad();
            foreach (var (mean, parameter) in average.Zip(plain.parameters()))
            {
                mean.lerp_(parameter, 0.1);
            }
        }

        foreach (var ((name, expected), (_, actual)) in plain.named_parameters().Zip(flat.named_parameters()))
        {
            Assert.IsLessThan(1e-9, (expected - actual).abs().max().ToDouble(), name);
        }

        parameters.UseAverage();
        foreach (var (expected, actual) in average.Zip(flat.parameters()))
        {
            Assert.IsLessThan(1e-9, (expected - actual).abs().max().ToDouble());
        }
    }

    [TestMethod]
    [DataRow(false, 0)]
    [DataRow(true, double.NaN)]
    [DataRow(true, double.PositiveInfinity)]
    public void Update_LossOrGradientIsNotFinite_ChangesNothing(bool isLossFinite, double toGradient)
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        using var parameters = new FlatOptimizer(network);
        var settings = new UpdateSettings(1e-2, 0.1, 0.5, 0.9);
        var loss = Loss(network, ones(2, 1, 8, 8, ScalarType.Float64));
        loss.backward();
        Assert.AreEqual(1, parameters.Update(settings, isLossFinite: true).ToDouble());
        var before = State(parameters);

        network["conv_out.bias"].grad!.add_(toGradient);
        var taken = parameters.Update(settings, isLossFinite);

        Assert.AreEqual(0, taken.ToDouble());
        Assert.AreEqual(1, parameters.Updates);
        foreach (var (after, expected) in State(parameters).Zip(before))
        {
            Assert.IsTrue(after.eq(expected).all().ToBoolean());
        }
    }

    [TestMethod]
    public void Update_ManySmallStepsInBFloat16_AddUpInFloat32()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        network.to(ScalarType.Float32);
        var parameters = new FlatOptimizer(network, ScalarType.BFloat16);
        var start = parameters[TrainingBuffer.Weights].clone();
        network["conv_out.bias"].grad!.fill_(1);

        for (var step = 0; step < 100; step++)
        {
            parameters.Update(new UpdateSettings(1e-5, 0, double.PositiveInfinity, 0), isLossFinite: true);
        }

        Assert.AreEqual(ScalarType.BFloat16, network["conv_out.weight"].dtype);
        Assert.AreEqual(
            1e-3,
            (parameters[TrainingBuffer.Weights] - start).abs().max().ToDouble(),
            1e-5,
            "AdamW moves a constant gradient's weight by the rate each step");
        parameters.UseAverage();
        parameters.Dispose();
        Assert.AreEqual(ScalarType.Float32, network["conv_out.weight"].dtype);
        Assert.IsNull(network["conv_out.weight"].grad, "it would hold the memory of all gradients");
        Assert.IsTrue(network["conv_out.bias"].flatten()[0].isclose(tensor(-1e-3f), 1e-2, 1e-6).ToBoolean());
    }

    private static List<Tensor> State(FlatOptimizer parameters) =>
        [.. Enum.GetValues<TrainingBuffer>().Select(buffer => parameters[buffer].clone())];

    private static UNet Network()
    {
        var network = new UNet(new UNetPlan(TinyModel.Options.Network, 1, 1, 8, 8, numberOfClasses: 2));
        network.Initialize(seed: 1);
        network.to(ScalarType.Float64); // in float32 AdamW turns the rounding of a gradient that should be zero into a step
        return network;
    }

    private static Tensor Loss(UNet network, Tensor x) =>
        nn.functional.mse_loss(network.Forward(x, tensor([10f, 700f]), tensor([1L, -1L])), x);
}
