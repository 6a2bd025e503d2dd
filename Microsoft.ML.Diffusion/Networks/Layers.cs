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
        if (!ChannelsLast.Holds(x) || !GroupNormalization.Fits(x.shape[1]))
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
        if (!ChannelsLast.Holds(x) || !WinogradConvolution.Fits(x.shape[1], layer.weight.shape[0]))
        {
            var y = layer.forward(x);
            return features is null ? y : y.add_(features.unsqueeze(-1).unsqueeze(-1));
        }

        var biases = features is null ? layer.bias!.unsqueeze(0) : features + layer.bias!;
        return NeedsGradient(x, layer.weight) ? ConvolutionFunction.apply(x, layer.weight, biases) : ConvolutionFunction.Compute(x, layer.weight, biases);
    }

    private static bool NeedsGradient(Tensor x, Tensor weight) => is_grad_enabled() && (x.requires_grad || weight.requires_grad);
}
