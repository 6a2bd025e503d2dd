using System.Globalization;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks.Kernels;

/// <summary>Layers of random sizes, in single precision on the CPU as a network calls them, against libtorch in double.</summary>
internal sealed class LayerCases(int seed)
{
    /// <summary>The largest |a - b| / max |b| of a result or a gradient.</summary>
    public const double Tolerance = 1e-4;

    private readonly Random _random = new(seed);

    private delegate Tensor Layer(Tensor x);

    /// <summary>Computes one case.</summary>
    /// <returns>What it is, and its largest difference; infinite if a number is not finite.</returns>
    public (string Name, double Difference) Next()
    {
        using var scope = NewDisposeScope();
        var before = get_num_threads();
        try
        {
            var threads = _random.Next(1, 5);
            set_num_threads(threads);
            (CoreShare.Cores, KernelThreads.SharesAll) = (threads, true);
            var (name, shape, layer, exact, parameters) = _random.Next(4) == 0 ? Normalization() : Convolution();
            var x = InSomeOrder(shape.Images);
            return (
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}, {string.Join("x", x.shape)} with strides {string.Join(", ", x.stride())}, {threads} threads"),
                Compare(layer, exact, x, parameters));
        }
        finally
        {
            set_num_threads(before);
            (CoreShare.Cores, KernelThreads.SharesAll) = (0, false);
        }
    }

    private (string Name, (Tensor Images, int Channels) Shape, Layer Layer, Layer Exact, Func<Tensor[]> Parameters) Convolution()
    {
        var kind = _random.Next(5);
        var (inChannels, outChannels) = (Channels(), Channels());
        var single = kind switch
        {
            0 or 1 => nn.Conv2d(inChannels, outChannels, 3, padding: 1),
            2 => nn.Conv2d(inChannels, outChannels, 1),
            3 => nn.Conv2d(inChannels, outChannels, 3, stride: 2, padding: 1),
            _ => nn.Conv2d(inChannels, outChannels, 3, stride: 2),
        };
        var settings = kind switch
        {
            0 => ConvolutionSettings.Same,
            1 => ConvolutionSettings.SameOfDoubled,
            2 => new ConvolutionSettings(),
            3 => new ConvolutionSettings(Stride: 2, Before: 1, After: 1),
            _ => new ConvolutionSettings(Stride: 2, After: 1),
        };
        var @double = (Conv2d)nn.Conv2d(inChannels, outChannels, 3).to(ScalarType.Float64);
        @double.weight = new Parameter(Numbers(single.weight.shape));
        @double.bias = new Parameter(Numbers(outChannels));
        using (no_grad())
        {
            single.weight.copy_(@double.weight);
            single.bias!.copy_(@double.bias);
        }

        var (height, width) = (_random.Next(2, 22), _random.Next(2, 22));
        Tensor Exact(Tensor x) => kind switch
        {
            0 => nn.functional.conv2d(x, @double.weight, @double.bias, padding: [1, 1]),
            1 => nn.functional.conv2d(
                nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest),
                @double.weight,
                @double.bias,
                padding: [1, 1]),
            2 => nn.functional.conv2d(x, @double.weight, @double.bias),
            3 => nn.functional.conv2d(x, @double.weight, @double.bias, strides: [2, 2], padding: [1, 1]),
            _ => nn.functional.conv2d(nn.functional.pad(x, [0, 1, 0, 1]), @double.weight, @double.bias, strides: [2, 2]),
        };
        string[] names = ["3x3", "3x3 on repeated pixels", "1x1", "3x3 strided, padded all around", "3x3 strided, padded below"];
        return (
            $"{names[kind]} from {inChannels} to {outChannels} channels",
            (Numbers(_random.Next(1, 5), inChannels, height, width), inChannels),
            x => Layers.Convolve(x, single.weight, single.bias!, settings),
            Exact,
            () => [single.weight.grad!, @double.weight.grad!, single.bias!.grad!, @double.bias!.grad!]);
    }

    // A small spread over an offset, up to as much as single precision can still tell to 1e-4.
    private (string Name, (Tensor Images, int Channels) Shape, Layer Layer, Layer Exact, Func<Tensor[]> Parameters) Normalization()
    {
        var groups = _random.Next(1, 33);
        var channels = groups * _random.Next(1, 5);
        var activates = _random.Next(2) == 0;
        var single = nn.GroupNorm(groups, channels);
        var (gamma, beta) = (new Parameter(Numbers(channels)), new Parameter(Numbers(channels)));
        using (no_grad())
        {
            single.weight.copy_(gamma);
            single.bias!.copy_(beta);
        }

        var offset = Math.Pow(10, (_random.NextDouble() * 5) - 2);
        var images =
            (Numbers(
                _random.Next(1, 5),
                channels,
                _random.Next(2, 22),
                _random.Next(2, 22)) + offset).to(ScalarType.Float32).to(ScalarType.Float64);
        return (
            string.Create(
                CultureInfo.InvariantCulture,
                $"{groups} groups of {channels / groups} channels around {offset:G3}{(activates ? ", silu" : "")}"),
            (images, channels),
            x => Layers.Normalize(x, single.weight, single.bias!, new(groups, single.eps, activates)),
            x =>
            {
                var y = nn.functional.group_norm(x, groups, gamma, beta);
                return activates ? nn.functional.silu(y) : y;
            },
            () => [single.weight.grad!, gamma.grad!, single.bias!.grad!, beta.grad!]);
    }

    private static double Compare(Layer layer, Layer exact, Tensor x, Func<Tensor[]> parameters)
    {
        var (rounded, precise) = (x.detach().requires_grad_(), x.to(ScalarType.Float64).detach().requires_grad_());
        var (y, expected) = (layer(rounded), exact(precise));
        using var generator = new Generator(1);
        var dy = randn(expected.shape, generator: generator);
        y.backward([dy]);
        KernelGradients.ThrowIfFailed();
        expected.backward([dy.to(ScalarType.Float64)]);
        using var noGrad = no_grad();
        var gradients = parameters();
        double[] differences =
        [
            Difference(y, expected),
            Difference(layer(rounded), expected), // the way without a gradient
            Difference(rounded.grad!, precise.grad!),
            Difference(gradients[0], gradients[1]),
            Difference(gradients[2], gradients[3]),
        ];
        return differences.Any(difference => !double.IsFinite(difference)) ? double.PositiveInfinity : differences.Max();
    }

    private static double Difference(Tensor actual, Tensor expected) =>
        ((actual - expected).abs().max() / (expected.abs().max() + 1e-30)).ToDouble();

    // As libtorch's operations leave images: in order, with channels last, or as a part of something larger.
    private Tensor InSomeOrder(Tensor images)
    {
        var x = images.to(ScalarType.Float32);
        return _random.Next(4) switch
        {
            0 => x,
            1 => ChannelsLast.Of(x),
            2 => ChannelsLast.Of(cat([zeros_like(x), x])).narrow(0, x.shape[0], x.shape[0]),
            _ => cat([x, zeros_like(x)], 3).narrow(3, 0, x.shape[3]),
        };
    }

    private int Channels() => _random.Next(3) switch { 0 => _random.Next(1, 13), 1 => 8 * _random.Next(1, 13), _ => _random.Next(1, 100) };

    private Tensor Numbers(params long[] shape)
    {
        using var generator = new Generator((ulong)_random.NextInt64());
        return randn(shape, generator: generator).to(ScalarType.Float64);
    }
}
