using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>x [N, C_in, H, W], filters [C_out, C_in, 3, 3], biases [N or 1, C_out] to [N, C_out, H, W]: a 3x3 convolution with padding 1, of
/// the image or, if the fourth argument says so, of its pixels repeated to [N, C_in, 2H, 2W].</summary>
internal sealed unsafe class ConvolutionFunction : KernelFunction<ConvolutionFunction>
{
    private const string DoublesKey = "doubles";

    protected override int Inputs => 4;

    /// <summary>Computes the result without a gradient.</summary>
    public static Tensor Compute(Tensor x, Tensor filters, Tensor biases, bool doubles)
    {
        var kernel = Kernel(x, filters, doubles);
        var y = ChannelsLast.Empty(kernel.Images, kernel.OutChannels, kernel.Height, kernel.Width);
        kernel.Forward(
            ChannelsLast.Data(x), ChannelsLast.Pointer(filters), ChannelsLast.Pointer(biases), biases.shape[0] == 1 ? 0 : kernel.OutChannels, ChannelsLast.Data(y));
        GC.KeepAlive((x, filters, biases));
        return y;
    }

    protected override (Tensor Result, List<Tensor> Saved) Compute(object[] arguments)
    {
        var (x, filters, biases) = ((Tensor)arguments[0], (Tensor)arguments[1], (Tensor)arguments[2]);
        return (Compute(x, filters, biases, (bool)arguments[3]), [x, filters, biases]);
    }

    protected override void Save(autograd.AutogradContext context, object[] arguments) => context.save_data(DoublesKey, arguments[3]);

    protected override List<Tensor> Gradients(autograd.AutogradContext context, List<Tensor> saved, Tensor dy)
    {
        var (x, filters, biases) = (saved[0], saved[1], saved[2]);
        var kernel = Kernel(x, filters, (bool)context.get_data(DoublesKey));
        Tensor? dx = null, dg = null;
        if (x.requires_grad)
        {
            dx = ChannelsLast.Empty(x.shape);
            kernel.InputGradient(ChannelsLast.Data(dy), ChannelsLast.Pointer(filters), ChannelsLast.Data(dx));
        }

        if (filters.requires_grad)
        {
            dg = empty(filters.shape);
            kernel.FilterGradient(ChannelsLast.Data(x), ChannelsLast.Data(dy), ChannelsLast.Pointer(dg));
        }

        return [dx!, dg!, biases.shape[0] == 1 ? dy.sum([0, 2, 3]).unsqueeze(0) : dy.sum([2, 3]), null!];
    }

    private static WinogradConvolution Kernel(Tensor x, Tensor filters, bool doubles)
    {
        var (shape, scale) = (x.shape, doubles ? 2 : 1);
        return new((int)shape[0], scale * (int)shape[2], scale * (int)shape[3], (int)shape[1], (int)filters.shape[0], doubles);
    }
}
