using Microsoft.ML.Diffusion.Networks.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>x [N, C, H, W], gamma [C], beta [C] and <see cref="Settings"/> to the normalized image, activated or not.</summary>
internal sealed unsafe class GroupNormalizationFunction : KernelFunction<GroupNormalizationFunction>
{
    private const string SettingsKey = "settings";

    protected override int Inputs => 4;

    /// <summary>Computes the result without a gradient.</summary>
    public static Tensor Compute(Tensor x, Tensor gamma, Tensor beta, Settings settings)
    {
        var kernel = Kernel(x, settings);
        using var statistics = Statistics(kernel);
        return Compute(kernel, x, gamma, beta, settings, statistics);
    }

    protected override (Tensor Result, List<Tensor> Saved) Compute(object[] arguments)
    {
        var (x, gamma, beta, settings) = ((Tensor)arguments[0], (Tensor)arguments[1], (Tensor)arguments[2], (Settings)arguments[3]);
        var kernel = Kernel(x, settings);
        var statistics = Statistics(kernel);
        return (Compute(kernel, x, gamma, beta, settings, statistics), [x, gamma, beta, statistics]);
    }

    protected override void Save(autograd.AutogradContext context, object[] arguments) => context.save_data(SettingsKey, arguments[3]);

    protected override List<Tensor> Gradients(autograd.AutogradContext context, List<Tensor> saved, Tensor dy)
    {
        var (x, gamma, beta, statistics) = (saved[0], saved[1], saved[2], saved[3]);
        Tensor dx = ChannelsLast.Empty(x.shape), dgamma = zeros(gamma.shape), dbeta = zeros(beta.shape);
        Kernel(x, (Settings)context.get_data(SettingsKey)).Backward(
            ChannelsLast.Data(x), ChannelsLast.Data(gamma), ChannelsLast.Data(beta), ChannelsLast.Data(statistics),
            ChannelsLast.Data(dy), ChannelsLast.Data(dx), ChannelsLast.Data(dgamma), ChannelsLast.Data(dbeta));
        return [dx, dgamma, dbeta, null!];
    }

    private static Tensor Compute(GroupNormalization kernel, Tensor x, Tensor gamma, Tensor beta, Settings settings, Tensor statistics)
    {
        var y = ChannelsLast.Empty(x.shape);
        kernel.Forward(
            ChannelsLast.Data(x),
            ChannelsLast.Data(gamma),
            ChannelsLast.Data(beta),
            settings.Epsilon,
            ChannelsLast.Data(y),
            ChannelsLast.Data(statistics));
        GC.KeepAlive((x, gamma, beta, statistics));
        return y;
    }

    private static Tensor Statistics(GroupNormalization kernel) => empty(kernel.Images, 3, kernel.Stride);

    private static GroupNormalization Kernel(Tensor x, Settings settings)
    {
        var shape = x.shape;
        return new((int)shape[0], (int)(shape[2] * shape[3]), (int)shape[1], settings.Groups, settings.Activates);
    }

    /// <summary>What a normalization is, apart from its weights.</summary>
    /// <param name="Groups">A divisor of C.</param>
    /// <param name="Epsilon">What is added to the variance.</param>
    /// <param name="Activates">Whether silu follows.</param>
    internal sealed record Settings(int Groups, double Epsilon, bool Activates);
}
