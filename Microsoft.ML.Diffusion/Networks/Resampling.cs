using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Halves both sides: a strided convolution, or the average of 2x2 pixels.</summary>
internal sealed class Downsample : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d? conv;
    private readonly int _padding;

    /// <param name="channels">C.</param>
    /// <param name="withConvolution">Whether to convolve; else pixels are averaged.</param>
    /// <param name="padding">1 pads all sides for the convolution, 0 the right and the lower only.</param>
    public Downsample(int channels, bool withConvolution, int padding)
        : base(nameof(Downsample))
    {
        conv = withConvolution ? nn.Conv2d(channels, channels, 3, stride: 2, padding: padding) : null;
        _padding = padding;
        RegisterComponents();
    }

    /// <summary>[N, C, H, W] to [N, C, H/2, W/2].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = conv is null ? nn.functional.avg_pool2d(x, 2) : conv.forward(_padding == 0 ? nn.functional.pad(x, [0, 1, 0, 1]) : x);
        return y.MoveToOuterDisposeScope();
    }
}

/// <summary>Doubles both sides by repeating pixels, and smooths the result by a convolution.</summary>
/// <remarks>
/// A 3x3 convolution of repeated pixels reads each of them up to four times. Adding up the weights that meet the same pixel turns both steps into
/// one transposed convolution, 4x4 with stride 2, which gives the same numbers from 4/9 of the multiplications and no image in between.
/// </remarks>
internal sealed class Upsample : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d? conv;

    public Upsample(int channels, bool withConvolution)
        : base(nameof(Upsample))
    {
        conv = withConvolution ? nn.Conv2d(channels, channels, 3, padding: 1) : null;
        RegisterComponents();
    }

    /// <summary>[N, C, H, W] to [N, C, 2H, 2W].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = conv is null
            ? nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest)
            : nn.functional.conv_transpose2d(x, Merged(conv.weight), conv.bias, strides: [2, 2], padding: [1, 1]);
        return y.MoveToOuterDisposeScope();
    }

    // [C_out, C_in, 3, 3] to [C_in, C_out, 4, 4]: the sums over 2x2 neighbours, mirrored as a transposed convolution reads its weights.
    private static Tensor Merged(Tensor weight) =>
        nn.functional.avg_pool2d(weight, 2, stride: 1, padding: 1, divisor_override: 1).flip(2, 3).transpose(0, 1);
}
