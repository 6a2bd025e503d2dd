using TorchSharp.Modules;
using static TorchSharp.torch;

namespace StepsAndQuality;

/// <summary>A convolution of 3x3 with stride 2 and padding 1, as a product: libtorch's own convolutions on the CPU are wrong on some processors.</summary>
internal sealed class HalvingConvolution : nn.Module<Tensor, Tensor>
{
    private readonly Linear _product;

    public HalvingConvolution(int inChannels, int outChannels)
        : base(nameof(HalvingConvolution))
    {
        _product = nn.Linear(9 * inChannels, outChannels);
        RegisterComponents();
    }

    /// <summary>[N, C_in, H, W] to [N, C_out, H/2, W/2].</summary>
    public override Tensor forward(Tensor x)
    {
        var patches = nn.functional.unfold(x, 3, padding: 1, stride: 2).transpose(1, 2); // [N, H/2 W/2, 9 C_in]
        return _product.forward(patches).transpose(1, 2).reshape(x.shape[0], -1, x.shape[2] / 2, x.shape[3] / 2);
    }
}
