using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>
/// The one door to convolutions and normalizations: on the CPU in single precision and below they are this library's own, elsewhere libtorch's.
/// </summary>
/// <remarks>
/// libtorch's vectorized convolutions of float32 on the CPU (oneDNN) give wrong numbers on some processors or end the process, and its group
/// normalization loses digits of a small spread over a large offset. In float64 it is right, and slow: the tests' measure.
/// </remarks>
internal static class Layers
{
    /// <summary>x sigmoid(x), written over <paramref name="x"/> where no gradient will need it.</summary>
    public static Tensor Silu(Tensor x) => x.requires_grad ? nn.functional.silu(x) : x.silu_();

    /// <summary>Normalizes an image [N, C, H, W], and activates it by silu if asked to.</summary>
    public static Tensor Normalize(GroupNorm layer, Tensor x, bool activates)
    {
        if (!IsOwn(x))
        {
            var y = layer.forward(x);
            return activates ? Silu(y) : y;
        }

        var settings = new GroupNormalizationFunction.Settings((int)layer.num_groups, layer.eps, activates);
        var (image, gamma, beta) = (ChannelsLast.Of(Single(x)), Single(layer.weight), Single(layer.bias!));
        return In(x.dtype, NeedsGradient(image, gamma)
            ? GroupNormalizationFunction.apply(image, gamma, beta, settings)
            : GroupNormalizationFunction.Compute(image, gamma, beta, settings));
    }

    /// <summary>Convolves an image [N, C_in, H, W], and adds features to each pixel of the result.</summary>
    /// <param name="layer">The filters and their biases.</param>
    /// <param name="x">[N, C_in, H, W].</param>
    /// <param name="features">[N or 1, C_out]; null for none.</param>
    /// <returns>[N, C_out, H', W'].</returns>
    public static Tensor Convolve(Conv2d layer, Tensor x, Tensor? features = null) => Convolve(layer, x, Settings(layer), features);

    /// <summary>Convolves an image [N, C, H, W] with one more row and column of zeros below and on the right than the layer says.</summary>
    public static Tensor ConvolvePadded(Conv2d layer, Tensor x) =>
        Convolve(layer, x, Settings(layer) with { After = Settings(layer).After + 1 }, null);

    /// <summary>Repeats each pixel of an image [N, C_in, H, W] to 2x2, and convolves the result by 3x3 filters with padding 1.</summary>
    /// <remarks>
    /// A filter reads each of the repeated pixels up to four times. Adding up the weights that meet the same pixel turns both steps into
    /// one transposed convolution, 4x4 with stride 2, which gives the same numbers from 4/9 of the multiplications and no image in between; the
    /// kernel takes 1/4.
    /// </remarks>
    /// <returns>[N, C_out, 2H, 2W].</returns>
    public static Tensor ConvolveDoubled(Conv2d layer, Tensor x) => IsOwn(x)
        ? ByKernel(layer, x, ConvolutionSettings.SameOfDoubled, null)
        : nn.functional.conv_transpose2d(x, Merged(layer.weight), layer.bias, strides: [2, 2], padding: [1, 1]);

    private static Tensor Convolve(Conv2d layer, Tensor x, ConvolutionSettings settings, Tensor? features)
    {
        if (IsOwn(x))
        {
            return ByKernel(layer, x, settings, features);
        }

        var more = settings.After - settings.Before;
        var y = layer.forward(more > 0 ? nn.functional.pad(x, [0, more, 0, more]) : x);
        return features is null ? y : y.Add(features.unsqueeze(-1).unsqueeze(-1));
    }

    private static ConvolutionSettings Settings(Conv2d layer)
    {
        var padding = (int)layer.padding![0];
        return new((int)layer.stride[0], padding, padding);
    }

    private static Tensor ByKernel(Conv2d layer, Tensor x, ConvolutionSettings settings, Tensor? features)
    {
        var (image, filters, bias) = (ChannelsLast.Of(Single(x)), Single(layer.weight), Single(layer.bias!));
        var biases = features is null ? bias.unsqueeze(0) : Single(features).Plus(bias);
        return In(x.dtype, NeedsGradient(image, filters)
            ? ConvolutionFunction.apply(image, filters, biases, settings)
            : ConvolutionFunction.Compute(image, filters, biases, settings));
    }

    // [C_out, C_in, 3, 3] to [C_in, C_out, 4, 4]: the sums over 2x2 neighbours, mirrored as a transposed convolution reads its weights.
    private static Tensor Merged(Tensor weight) =>
        nn.functional.avg_pool2d(weight, 2, stride: 1, padding: 1, divisor_override: 1).flip(2, 3).transpose(0, 1);

    private static bool IsOwn(Tensor x) => x.device_type == DeviceType.CPU && x.dtype != ScalarType.Float64;

    private static Tensor Single(Tensor x) => In(ScalarType.Float32, x);

    private static Tensor In(ScalarType type, Tensor x) => x.dtype == type ? x : x.to(type);

    private static bool NeedsGradient(Tensor x, Tensor weight) => is_grad_enabled() && (x.requires_grad || weight.requires_grad);
}
