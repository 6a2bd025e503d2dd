using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>The weights that training starts from, drawn from one seed without touching the global generator.</summary>
internal static class Initialization
{
    /// <summary>
    /// Variance-scaling (fan average, uniform) weights and zero biases, as DDPM has them; the last layer of every residual path starts at
    /// zero, so that the network starts as the identity. TorchSharp 0.107 leaves group normalizations unset: they become 1 and 0 here.
    /// </summary>
    public static void Initialize(UNet network, long seed)
    {
        using var generator = new Generator(SeedMixing.Mix(seed, 0));
        using var noGrad = no_grad();
        foreach (var module in network.modules())
        {
            switch (module)
            {
                case Conv2d convolution:
                    Scale(convolution.weight, generator);
                    convolution.bias!.zero_();
                    break;
                case Linear linear:
                    Scale(linear.weight, generator);
                    linear.bias!.zero_();
                    break;
                case ClassEmbedding embedding:
                    embedding.Weight.normal_(generator: generator);
                    break;
                case GroupNorm normalization:
                    normalization.weight.fill_(1);
                    normalization.bias!.zero_();
                    break;
            }
        }

        foreach (var module in network.modules())
        {
            (module switch { ResidualBlock block => block.Last.weight, SelfAttention attention => attention.Last.weight, _ => null })?.zero_();
        }

        network.Last.weight.zero_();
    }

    private static void Scale(Tensor weight, Generator generator)
    {
        var receptiveField = weight.numel() / (weight.shape[0] * weight.shape[1]);
        var fanAverage = (weight.shape[0] + weight.shape[1]) * receptiveField / 2.0;
        var bound = Math.Sqrt(3 / fanAverage);
        weight.uniform_(-bound, bound, generator);
    }
}
