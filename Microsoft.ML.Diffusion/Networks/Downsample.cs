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
        var y = conv is null ? nn.functional.avg_pool2d(x, 2) : _padding == 0 ? Layers.ConvolvePadded(conv, x) : Layers.Convolve(conv, x);
        return y.MoveToOuterDisposeScope();
    }
}
