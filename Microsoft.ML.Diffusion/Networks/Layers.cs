using Microsoft.ML.Diffusion.Networks.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>The layers that this library has kernels for, computed by them where images are in channels-last order, and by libtorch elsewhere.</summary>
internal static class Layers
{
    /// <summary>x sigmoid(x), written over <paramref name="x"/> where no gradient will need it.</summary>
    public static Tensor Silu(Tensor x) => x.requires_grad ? nn.functional.silu(x) : x.silu_();

    /// <summary>Normalizes an image [N, C, H, W], and activates it by silu if asked to.</summary>
    public static Tensor Normalize(GroupNorm layer, Tensor x, bool activates)
    {
        if (!ChannelsLast.Takes(x) || !GroupNormalization.Fits(x.shape[1]))
        {
            var y = layer.forward(x);
            return activates ? Silu(y) : y;
        }

        var settings = new GroupNormalizationFunction.Settings((int)layer.num_groups, layer.eps, activates);
        return NeedsGradient(x, layer.weight)
            ? GroupNormalizationFunction.apply(x, layer.weight, layer.bias!, settings)
            : GroupNormalizationFunction.Compute(x, layer.weight, layer.bias!, settings);
    }

    /// <summary>Convolves an image [N, C_in, H, W] by 3x3 filters with padding 1, and adds features to each of its pixels.</summary>
    /// <param name="layer">The filters and their biases.</param>
    /// <param name="x">[N, C_in, H, W].</param>
    /// <param name="features">[N or 1, C_out]; null for none.</param>
    /// <returns>[N, C_out, H, W].</returns>
    public static Tensor Convolve(Conv2d layer, Tensor x, Tensor? features = null)
    {
        if (!HasKernel(layer, x, pixels: 1))
        {
            var y = layer.forward(x);
            return features is null ? y : y.add_(features.unsqueeze(-1).unsqueeze(-1));
        }

        return ByKernel(layer, x, features is null ? layer.bias!.unsqueeze(0) : features + layer.bias!, doubles: false);
    }

    /// <summary>Repeats each pixel of an image [N, C_in, H, W] to 2x2, and convolves the result by 3x3 filters with padding 1.</summary>
    /// <remarks>
    /// A filter reads each of the repeated pixels up to four times. Adding up the weights that meet the same pixel turns both steps into
    /// one transposed convolution, 4x4 with stride 2, which gives the same numbers from 4/9 of the multiplications and no image in between; the kernel takes 1/4.
    /// </remarks>
    /// <returns>[N, C_out, 2H, 2W].</returns>
    public static Tensor ConvolveDoubled(Conv2d layer, Tensor x) => HasKernel(layer, x, pixels: 4)
        ? ByKernel(layer, x, layer.bias!.unsqueeze(0), doubles: true)
        : nn.functional.conv_transpose2d(x, Merged(layer.weight), layer.bias, strides: [2, 2], padding: [1, 1]);

    // [C_out, C_in, 3, 3] to [C_in, C_out, 4, 4]: the sums over 2x2 neighbours, mirrored as a transposed convolution reads its weights.
    private static Tensor Merged(Tensor weight) =>
        nn.functional.avg_pool2d(weight, 2, stride: 1, padding: 1, divisor_override: 1).flip(2, 3).transpose(0, 1);

    private static bool HasKernel(Conv2d layer, Tensor x, int pixels) =>
        layer.weight.shape is [var outChannels, var inChannels, 3, 3]
        && WinogradConvolution.Fits(inChannels, outChannels)
        && ChannelsLast.Takes(x, growth: (double)pixels * outChannels / inChannels);

    private static Tensor ByKernel(Conv2d layer, Tensor x, Tensor biases, bool doubles) => NeedsGradient(x, layer.weight)
        ? ConvolutionFunction.apply(x, layer.weight, biases, doubles)
        : ConvolutionFunction.Compute(x, layer.weight, biases, doubles);

    private static bool NeedsGradient(Tensor x, Tensor weight) => is_grad_enabled() && (x.requires_grad || weight.requires_grad);
}
