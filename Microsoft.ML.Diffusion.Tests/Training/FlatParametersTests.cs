using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class FlatParametersTests
{
    [TestMethod]
    public void Update_EqualsAdamWTensorByTensor()
    {
        using var scope = NewDisposeScope();
        using var flat = Network();
        using var plain = Network();
        using var parameters = new FlatParameters(flat);
        var optimizer = optim.AdamW(plain.parameters(), lr: 1e-2, weight_decay: 0.1);
        var average = plain.parameters().Select(parameter => parameter.detach().clone()).ToList();
        using var generator = new Generator(3);

        for (var step = 0; step < 5; step++)
        {
            var x = randn([2, 1, 8, 8], ScalarType.Float64, generator: generator);
            parameters.ZeroGradients();
            var loss = Loss(flat, x);
            loss.backward();
            parameters.Update(new UpdateSettings(1e-2, 0.1, 0.5, 0.9), loss);

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

    private static UNet Network()
    {
        var network = new UNet(TinyModel.Options.Network, 1, 1, 8, 8, numberOfClasses: 2);
        Initialization.Initialize(network, seed: 1);
        network.to(ScalarType.Float64); // in float32 AdamW turns the rounding of a gradient that should be zero into a step
        return network;
    }

    private static Tensor Loss(UNet network, Tensor x) => nn.functional.mse_loss(network.Forward(x, tensor([10f, 700f]), tensor([1L, -1L])), x);
}
