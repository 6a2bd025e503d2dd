using Microsoft.ML.Diffusion.Networks.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>x [N, C_in, H, W], filters [C_out, C_in, side, side], biases [N or 1, C_out] and <see cref="ConvolutionSettings"/> to [N, C_out, H', W'].</summary>
internal sealed unsafe class ConvolutionFunction : KernelFunction<ConvolutionFunction>
{
    private const string SettingsKey = "settings";

    protected override int Inputs => 4;

    /// <summary>Computes the result without a gradient.</summary>
    public static Tensor Compute(Tensor x, Tensor filters, Tensor biases, ConvolutionSettings settings)
    {
        var shape = Shape(x, filters, settings);
        var y = ChannelsLast.Empty(shape.Images, shape.OutChannels, shape.OutHeight, shape.OutWidth);
        Convolution.Of(shape).Forward(
            ChannelsLast.Data(x),
            ChannelsLast.Data(filters),
            ChannelsLast.Data(biases),
            biases.shape[0] == 1 ? 0 : shape.OutChannels,
            ChannelsLast.Data(y));
        GC.KeepAlive((x, filters, biases));
        return y;
    }

    protected override (Tensor Result, List<Tensor> Saved) Compute(object[] arguments)
    {
        var (x, filters, biases) = ((Tensor)arguments[0], (Tensor)arguments[1], (Tensor)arguments[2]);
        return (Compute(x, filters, biases, (ConvolutionSettings)arguments[3]), [x, filters, biases]);
    }

    protected override void Save(autograd.AutogradContext context, object[] arguments) => context.save_data(SettingsKey, arguments[3]);

    protected override List<Tensor> Gradients(autograd.AutogradContext context, List<Tensor> saved, Tensor dy)
    {
        var (x, filters, biases) = (saved[0], saved[1], saved[2]);
        var kernel = Convolution.Of(Shape(x, filters, (ConvolutionSettings)context.get_data(SettingsKey)));
        Tensor? dx = null, dg = null;
        if (x.requires_grad)
        {
            dx = ChannelsLast.Empty(x.shape);
            kernel.InputGradient(ChannelsLast.Data(dy), ChannelsLast.Data(filters), ChannelsLast.Data(dx));
        }

        if (filters.requires_grad)
        {
            dg = zeros(filters.shape);
            kernel.FilterGradient(ChannelsLast.Data(x), ChannelsLast.Data(dy), ChannelsLast.Data(dg));
        }

        return [dx!, dg!, biases.shape[0] == 1 ? dy.sum([0, 2, 3]).unsqueeze(0) : dy.sum([2, 3]), null!];
    }

    private static ConvolutionShape Shape(Tensor x, Tensor filters, ConvolutionSettings settings)
    {
        var (images, weights) = (x.shape, filters.shape);
        return new((int)images[0], (int)images[2], (int)images[3], (int)images[1], (int)weights[0], (int)weights[2], settings);
    }
}
