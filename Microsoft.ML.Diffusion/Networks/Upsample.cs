using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

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
        var y = conv is null
            ? nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest)
            : Layers.ConvolveDoubled(conv, x);
        return y.MoveToOuterDisposeScope();
    }
}
