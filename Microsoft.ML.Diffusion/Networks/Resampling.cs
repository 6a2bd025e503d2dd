using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Halves both sides: a strided convolution that pads right and below only, or the average of 2x2 pixels.</summary>
internal sealed class Downsample : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d? conv;

    public Downsample(int channels, bool withConvolution)
        : base(nameof(Downsample))
    {
        conv = withConvolution ? nn.Conv2d(channels, channels, 3, stride: 2) : null;
        RegisterComponents();
    }

    /// <summary>[N, C, H, W] to [N, C, H/2, W/2].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = conv is null ? nn.functional.avg_pool2d(x, 2) : conv.forward(nn.functional.pad(x, [0, 1, 0, 1]));
        return y.MoveToOuterDisposeScope();
    }
}

/// <summary>Doubles both sides by repeating pixels, and smooths the result by a convolution.</summary>
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
        var y = nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        return (conv is null ? y : conv.forward(y)).MoveToOuterDisposeScope();
    }
}
