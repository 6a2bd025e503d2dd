using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks.Kernels;

/// <summary>Layers and whole networks in single precision on the CPU, of any sizes and on any number of threads, against libtorch in double.</summary>
[TestClass]
public sealed class LayerTests
{
    private const double OutputTolerance = 1e-5;

    /// <summary>A part of what <c>fuzz -- layers</c> computes.</summary>
    [TestMethod]
    public void Layers_OfRandomSizes_EqualFloat64()
    {
        var cases = new LayerCases(seed: 1);

        for (var i = 0; i < 150; i++)
        {
            var (name, difference) = cases.Next();
            Assert.IsLessThan(LayerCases.Tolerance, difference, name);
        }
    }

    [TestMethod]
    [DataRow(24)]
    [DataRow(32)]
    [DataRow(40)]
    [DataRow(48)]
    [DataRow(80)]
    [DataRow(96)]
    public void Network_AnyWidthBatchAndThreads_EqualsFloat64(int channels)
    {
        using var scope = NewDisposeScope();
        using var network = Network(channels, out var exact);
        for (var batch = 1; batch <= 3; batch++)
        {
            var x = Images(batch);
            var expected = Pass(exact, x.to(ScalarType.Float64));
            foreach (var threads in new[] { 1, 2, 4 })
            {
                var actual = OnThreads(threads, () => Pass(network, x));

                Assert.IsLessThan(OutputTolerance, Difference(actual[0], expected[0]), $"output, {batch} images, {threads} threads");
                for (var i = 1; i < actual.Length; i++)
                {
                    Assert.IsLessThan(
                        LayerCases.Tolerance,
                        Difference(actual[i], expected[i]),
                        $"gradient {i}, {batch} images, {threads} threads");
                }
            }
        }

        exact.Dispose();
    }

    [TestMethod]
    public void Network_OfTheDefaultOptions_EqualsFloat64()
    {
        using var scope = NewDisposeScope();
        var options = new UNetOptions { Dropout = 0 };
        using var network = WithoutZeros(new UNet(new UNetPlan(options, 3, 3, 16, 16)));
        using var exact = Exact(network, new UNet(new UNetPlan(options, 3, 3, 16, 16)));
        var x = Images(1, channels: 3, side: 16);

        var expected = Pass(exact, x.to(ScalarType.Float64));
        var actual = OnThreads(2, () => Pass(network, x));

        Assert.IsLessThan(OutputTolerance, Difference(actual[0], expected[0]));
        for (var i = 1; i < actual.Length; i++)
        {
            Assert.IsLessThan(LayerCases.Tolerance, Difference(actual[i], expected[i]), $"gradient {i}");
        }
    }

    [TestMethod]
    public void Network_ImagesAlone_AreThoseOfABatch()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var layer = nn.Conv2d(24, 40, 3, padding: 1);
        using var norm = nn.GroupNorm(8, 40);
        var x = randn(5, 24, 13, 9);
        nn.init.ones_(norm.weight!);
        nn.init.zeros_(norm.bias!);
        Tensor Apply(Tensor images) =>
            Layers.Normalize(
                Layers.Convolve(images, layer.weight, layer.bias!, ConvolutionSettings.Same), norm.weight, norm.bias!, new(8, norm.eps, Activates: true));

        var together = OnThreads(3, () => [Apply(x)])[0];
        var alone = OnThreads(1, () => [cat([.. Enumerable.Range(0, 5).Select(i => Apply(x.narrow(0, i, 1)))])])[0];

        Assert.AreEqual(0, (together - alone).abs().max().ToDouble(), "an image's bits depend neither on its batch nor on threads");
    }

    [TestMethod]
    public void Layers_InBFloat16_ComputeInSingle()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Conv2d(40, 24, 3, padding: 1);
        var x = randn(2, 40, 6, 6).to(ScalarType.BFloat16);
        layer.to(ScalarType.BFloat16);

        var y = Layers.Convolve(x, layer.weight, layer.bias!, ConvolutionSettings.Same);
        var expected =
            nn.functional.conv2d(
                x.to(ScalarType.Float64),
                layer.weight.to(ScalarType.Float64),
                layer.bias!.to(ScalarType.Float64),
                padding: [1, 1]);

        Assert.AreEqual(ScalarType.BFloat16, y.dtype);
        Assert.IsLessThan(4e-3, Difference(y, expected), "the result is rounded once, to 8 bits");
    }

    private static UNet Network(int channels, out UNet exact)
    {
        var options =
            new UNetOptions
            {
                BaseChannels = channels,
                ChannelMultipliers = [1, 2],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [4],
                NumberOfNormalizationGroups = 8,
                Dropout = 0,
            };
        var network = WithoutZeros(new UNet(new UNetPlan(options, 1, 1, 8, 8)));
        exact = Exact(network, new UNet(new UNetPlan(options, 1, 1, 8, 8)));
        return network;
    }

    // What starts at zero would hide faults.
    private static UNet WithoutZeros(UNet network)
    {
        network.Initialize(seed: 1);
        using var noGrad = no_grad();
        using var generator = new Generator(2);
        foreach (var weight in network.parameters().Where(weight => weight.abs().max().ToDouble() == 0))
        {
            weight.normal_(std: 0.1, generator: generator);
        }

        return network;
    }

    private static UNet Exact(UNet network, UNet copy)
    {
        using var noGrad = no_grad();
        foreach (var (target, source) in copy.parameters().Zip(network.parameters()))
        {
            target.copy_(source);
        }

        copy.to(ScalarType.Float64);
        return copy;
    }

    private static Tensor Images(int count, int channels = 1, int side = 8)
    {
        using var generator = new Generator(3);
        return randn([count, channels, side, side], generator: generator);
    }

    // The output and the gradient of each weight.
    private static Tensor[] Pass(UNet network, Tensor x)
    {
        foreach (var weight in network.parameters())
        {
            weight.grad?.zero_();
        }

        var y = network.Forward(x, tensor([500f]));
        (y * x).sum().backward();
        KernelGradients.ThrowIfFailed();
        return [y.detach(), .. network.named_parameters()
            .Where(weight => !weight.name.EndsWith("to_k.bias", StringComparison.Ordinal)) // attention does not depend on it: all of its gradient is rounding
            .Select(weight => weight.parameter.grad!.clone())];
    }

    private static Tensor[] OnThreads(int threads, Func<Tensor[]> compute)
    {
        var before = get_num_threads();
        try
        {
            set_num_threads(threads);
            (CoreShare.Cores, KernelThreads.SharesAll) = (threads, true);
            return compute();
        }
        finally
        {
            set_num_threads(before);
            (CoreShare.Cores, KernelThreads.SharesAll) = (0, false);
        }
    }

    private static double Difference(Tensor actual, Tensor expected) =>
        actual.isfinite().all().ToBoolean() ? ((actual - expected).abs().max() / expected.abs().max()).ToDouble() : double.PositiveInfinity;
}
