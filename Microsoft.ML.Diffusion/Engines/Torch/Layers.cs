using Microsoft.ML.Diffusion.Networks.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

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

    /// <summary>Normalizes an image [N, C, H, W] in groups of channels, and activates it by silu if asked to.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="gamma">[C].</param>
    /// <param name="beta">[C].</param>
    /// <param name="settings">What the normalization is, apart from its weights.</param>
    public static Tensor Normalize(Tensor x, Tensor gamma, Tensor beta, GroupNormalizationFunction.Settings settings)
    {
        if (!IsOwn(x))
        {
            var y = nn.functional.group_norm(x, settings.Groups, gamma, beta, settings.Epsilon);
            return settings.Activates ? Silu(y) : y;
        }

        var (image, factors, addends) = (ChannelsLast.Of(Single(x)), Single(gamma), Single(beta));
        return In(x.dtype, NeedsGradient(image, factors)
            ? GroupNormalizationFunction.apply(image, factors, addends, settings)
            : GroupNormalizationFunction.Compute(image, factors, addends, settings));
    }

    /// <summary>Convolves an image [N, C_in, H, W], and adds features to each pixel of the result.</summary>
    /// <remarks>
    /// Pixels repeated to 2x2: a filter reads each of them up to four times. Adding up the weights that meet the same pixel turns both steps into
    /// one transposed convolution, 4x4 with stride 2, which gives the same numbers from 4/9 of the multiplications and no image in between; the
    /// kernel takes 1/4.
    /// </remarks>
    /// <param name="x">[N, C_in, H, W].</param>
    /// <param name="weight">The filters, [C_out, C_in, side, side].</param>
    /// <param name="bias">[C_out].</param>
    /// <param name="settings">How filters are moved; on repeated pixels, 3x3 with padding 1.</param>
    /// <param name="features">[N or 1, C_out]; null for none.</param>
    /// <returns>[N, C_out, H', W'].</returns>
    public static Tensor Convolve(Tensor x, Tensor weight, Tensor bias, ConvolutionSettings settings, Tensor? features = null)
    {
        if (IsOwn(x))
        {
            return ByKernel(x, weight, bias, settings, features);
        }

        var y = settings.Doubles
            ? nn.functional.conv_transpose2d(x, Merged(weight), bias, strides: [2, 2], padding: [1, 1])
            : ByLibTorch(x, weight, bias, settings);
        return features is null ? y : y.Add(features.unsqueeze(-1).unsqueeze(-1));
    }

    private static Tensor ByLibTorch(Tensor x, Tensor weight, Tensor bias, ConvolutionSettings settings)
    {
        var more = settings.After - settings.Before;
        return nn.functional.conv2d(
            more > 0 ? nn.functional.pad(x, [0, more, 0, more]) : x,
            weight,
            bias,
            strides: [settings.Stride, settings.Stride],
            padding: [settings.Before, settings.Before]);
    }

    private static Tensor ByKernel(Tensor x, Tensor weight, Tensor bias, ConvolutionSettings settings, Tensor? features)
    {
        var (image, filters, addends) = (ChannelsLast.Of(Single(x)), Single(weight), Single(bias));
        var biases = features is null ? addends.unsqueeze(0) : Single(features).Plus(addends);
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
