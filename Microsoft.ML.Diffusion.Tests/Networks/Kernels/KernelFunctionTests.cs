using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks.Kernels;

/// <summary>Kernels against libtorch in float64: results, gradients, and what becomes of memory and errors.</summary>
[TestClass]
public sealed class KernelFunctionTests
{
    private const double Tolerance = 5e-6; // of the largest number

    [TestMethod]
    [DataRow(1, 16, 16, 1, 1)]
    [DataRow(2, 16, 32, 5, 7)]
    [DataRow(1, 32, 16, 2, 3)]
    [DataRow(3, 48, 16, 8, 8)]
    [DataRow(2, 32, 32, 28, 28)]
    [DataRow(1, 128, 96, 9, 4)]
    public void Convolution_ResultAndGradients_EqualLibtorchs(int images, int inChannels, int outChannels, int height, int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor Draw(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator);
        Tensor x = Draw(images, inChannels, height, width),
            filters = Draw(outChannels, inChannels, 3, 3),
            dy = Draw(images, outChannels, height, width);
        foreach (var biases in new[] { Draw(1, outChannels), Draw(images, outChannels) })
        {
            AssertEqual(
                [x, filters, biases],
                dy,
                inputs => nn.functional.conv2d(inputs[0], inputs[1], padding: [1, 1]) + inputs[2].unsqueeze(-1).unsqueeze(-1),
                inputs => ConvolutionFunction.apply(inputs[0], inputs[1], inputs[2], ConvolutionSettings.Same),
                inputs => ConvolutionFunction.Compute(inputs[0], inputs[1], inputs[2], ConvolutionSettings.Same));
        }
    }

    [TestMethod]
    [DataRow(1, 16, 16, 1, 1)]
    [DataRow(2, 16, 32, 3, 5)]
    [DataRow(3, 48, 16, 7, 7)]
    [DataRow(1, 64, 64, 14, 14)]
    public void ConvolutionOfRepeatedPixels_ResultAndGradients_EqualLibtorchs(
        int images,
        int inChannels,
        int outChannels,
        int height,
        int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(10);
        Tensor Draw(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator);

        AssertEqual(
            [Draw(images, inChannels, height, width), Draw(outChannels, inChannels, 3, 3), Draw(1, outChannels)],
            Draw(images, outChannels, 2 * height, 2 * width),
            inputs =>
                nn.functional.conv2d(
                    nn.functional.interpolate(inputs[0], scale_factor: [2, 2], mode: InterpolationMode.Nearest),
                    inputs[1],
                    inputs[2].squeeze(0),
                    padding: [1, 1]),
            inputs => ConvolutionFunction.apply(inputs[0], inputs[1], inputs[2], ConvolutionSettings.SameOfDoubled),
            inputs => ConvolutionFunction.Compute(inputs[0], inputs[1], inputs[2], ConvolutionSettings.SameOfDoubled));
    }

    [TestMethod]
    [DataRow(1, 16, 2, 1, 2)]
    [DataRow(2, 32, 32, 5, 7)]
    [DataRow(3, 48, 4, 3, 1)]
    [DataRow(2, 64, 1, 14, 14)]
    [DataRow(1, 16, 4, 256, 255)]
    public void Normalization_ResultAndGradients_EqualLibtorchs(int images, int channels, int groups, int height, int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(8);
        Tensor Draw(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator);
        Tensor x = (Draw(images, channels, height, width) * 3) + 20,
            gamma = Draw(channels),
            beta = Draw(channels),
            dy = Draw(images, channels, height, width);
        foreach (var activates in new[] { true, false })
        {
            var settings = new GroupNormalizationFunction.Settings(groups, 1e-5, activates);
            AssertEqual(
                [x, gamma, beta],
                dy,
                inputs =>
                {
                    var y = nn.functional.group_norm(inputs[0], groups, inputs[1], inputs[2], 1e-5);
                    return activates ? nn.functional.silu(y) : y;
                },
                inputs => GroupNormalizationFunction.apply(inputs[0], inputs[1], inputs[2], settings),
                inputs => GroupNormalizationFunction.Compute(inputs[0], inputs[1], inputs[2], settings));
        }
    }

    [TestMethod]
    public void Normalization_ConstantImage_IsBeta()
    {
        using var scope = NewDisposeScope();
        var x = ChannelsLast.Of(full([1, 16, 4, 4], 7f));

        var y = GroupNormalizationFunction.Compute(x, ones(16), full([16], 0.25f), new(4, 1e-5, Activates: false));

        Assert.AreEqual(0, (y - 0.25).abs().max().ToDouble(), 1e-4);
    }

    [TestMethod]
    public void Normalization_LargeNumbers_AreActivatedToTheirLimits()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        var x = ChannelsLast.Of(randn([1, 16, 8, 8], generator: generator));

        var y = GroupNormalizationFunction.Compute(x, full([16], 1e4f), zeros(16), new(16, 1e-5, Activates: true));
        var normalized = GroupNormalizationFunction.Compute(x, full([16], 1e4f), zeros(16), new(16, 1e-5, Activates: false));

        var far = normalized.abs() > 100;
        Assert.IsGreaterThan(500, far.sum().ToInt32());
        Assert.AreEqual(0, (y - normalized.clamp_min(0))[far].abs().max().ToDouble(), 1e-30);
    }

    [TestMethod]
    public void Normalization_NotANumber_StaysOne()
    {
        using var scope = NewDisposeScope();
        var x = ChannelsLast.Of(full([1, 16, 2, 2], float.NaN));

        var y = GroupNormalizationFunction.Compute(x, ones(16), zeros(16), new(4, 1e-5, Activates: true));

        Assert.IsTrue(y.isnan().all().ToBoolean());
    }

    [TestMethod]
    public void Network_InChannelsLastOrder_EqualsFloat64()
    {
        var options =
            new UNetOptions
            {
                BaseChannels = 32,
                ChannelMultipliers = [1, 2, 2],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [7],
                NumberOfNormalizationGroups = 8,
                Dropout = 0,
            };

        var (result, gradients) = OnOneThread(() => Pass(options, ScalarType.Float32));
        var (expected, exact) = OnOneThread(() => Pass(options, ScalarType.Float64));

        using var scope = NewDisposeScope();
        scope.Attach([result, expected, gradients, exact]);
        Assert.IsLessThan(Tolerance, Difference(expected, result));
        Assert.IsLessThan(LayerCases.Tolerance, Difference(exact, gradients));
    }

    [TestMethod]
    public void Gradients_LeaveNoTensorsBehind()
    {
        using var scope = NewDisposeScope();
        var x = ChannelsLast.Of(ones(2, 16, 4, 4));
        var filters = ones(16, 16, 3, 3).requires_grad_();
        var biases = zeros(1, 16).requires_grad_();
        void Pass()
        {
            using var inner = NewDisposeScope();
            ConvolutionFunction.apply(x, filters, biases, ConvolutionSettings.Same).sum().backward();
            KernelGradients.ThrowIfFailed();
            filters.grad!.Dispose();
        }

        Pass();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Pass();

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Gradients_ThatFail_ThrowBehindThePass()
    {
        using var scope = NewDisposeScope();
        var x = ChannelsLast.Of(ones(1, 16, 2, 2)).requires_grad_();

        FailingFunction.apply(x * 2).sum().backward();

        Assert.AreEqual("no gradient", Assert.ThrowsExactly<InvalidOperationException>(KernelGradients.ThrowIfFailed).Message);
        KernelGradients.ThrowIfFailed(); // says it once
    }

    // The same function of the same inputs in float64 by libtorch, and in float32 by kernels, with and without gradients.
    private static void AssertEqual(
        Tensor[] inputs,
        Tensor dy,
        Func<Tensor[], Tensor> reference,
        Func<Tensor[], Tensor> differentiable,
        Func<Tensor[], Tensor> plain)
    {
        Tensor[] exact = [.. inputs.Select(input => input.detach().clone().requires_grad_())];
        Tensor[] rounded =
            [ChannelsLast.Of(inputs[0].to(ScalarType.Float32))
                .detach()
                .requires_grad_(), .. inputs.Skip(1).Select(input => input.to(ScalarType.Float32).requires_grad_())];
        var y = reference(exact);
        y.backward([dy]);
        var result = differentiable(rounded);
        result.backward([dy.to(ScalarType.Float32)]);
        KernelGradients.ThrowIfFailed();

        Assert.IsLessThan(Tolerance, Difference(y, result));
        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.IsLessThan(Tolerance, Difference(exact[i].grad!, rounded[i].grad!), $"gradient {i}");
        }

        using var noGrad = no_grad();
        Assert.AreEqual(0, (plain(rounded) - result).abs().max().ToDouble());
    }

    private static double Difference(Tensor expected, Tensor actual) => ((expected - actual).abs().max() / expected.abs().max()).ToDouble();

    private static (Tensor Result, Tensor Gradients) Pass(UNetOptions options, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var network = new UNet(new UNetPlan(options, 1, 1, 28, 28));
        network.Initialize(seed: 1);
        using (no_grad())
        {
            foreach (var weight in network.parameters().Where(weight => weight.abs().max().ToDouble() == 0))
            {
                weight.normal_(std: 0.1, generator: generator); // what starts at zero would hide faults
            }
        }

        network.to(type);
        var x = randn([3, 1, 28, 28], generator: generator).to(type);
        var y = network.Forward(x, tensor([900f, 500f, 3f]));
        (y * x).sum().backward();
        KernelGradients.ThrowIfFailed();
        var gradients = cat([.. network.named_parameters()
            .Where(weight => !weight.name.EndsWith("to_k.bias", StringComparison.Ordinal)) // attention does not depend on it: all of its gradient is rounding
            .Select(weight => weight.parameter.grad!.flatten() / weight.parameter.grad!.abs().max())]);
        return (y.detach().DetachFromDisposeScope(), gradients.DetachFromDisposeScope());
    }

    // Kernels compute where a thread computes alone.
    private static (Tensor, Tensor) OnOneThread(Func<(Tensor, Tensor)> pass)
    {
        (Tensor, Tensor) result = default;
        Alone.Run(() => result = pass());
        return result;
    }

    private sealed class FailingFunction : KernelFunction<FailingFunction>
    {
        protected override int Inputs => 1;

        protected override (Tensor Result, List<Tensor> Saved) Compute(object[] arguments) => (((Tensor)arguments[0]).clone(), []);

        protected override List<Tensor> Gradients(
            autograd.AutogradContext context,
            List<Tensor> saved,
            Tensor dy) => throw new InvalidOperationException("no gradient");
    }
}
