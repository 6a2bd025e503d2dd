using Microsoft.ML.Diffusion.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>The weights that training starts from, drawn from one seed: each layer's depend on its shape and its place among the network's alone.</summary>
internal static class Initialization
{
    /// <summary>
    /// Variance-scaling (fan average, uniform) weights and zero biases, as DDPM has them; the last layer of every residual path starts at
    /// zero, so that the network starts as the identity. TorchSharp 0.107 leaves group normalizations unset: they become 1 and 0 here.
    /// </summary>
    public static void Initialize(UNet network, long seed)
    {
        var numbers = new RandomNumbers(RandomStream.InitialWeights, seed);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var layers =
            network.named_modules()
                .OrderBy(layer => layer.name, StringComparer.Ordinal)
                .Select(layer => layer.module)
                .ToList(); // not by fields: no rule orders them
        for (var i = 0; i < layers.Count; i++)
        {
            switch (layers[i])
            {
                case Conv2d convolution:
                    Scale(convolution.weight, numbers, i);
                    convolution.bias!.zero_();
                    break;
                case Linear linear:
                    Scale(linear.weight, numbers, i);
                    linear.bias!.zero_();
                    break;
                case ClassEmbedding embedding:
                    embedding.Weight.copy_(
                        RandomTensors.Normals(numbers, [i], 0, [1, .. embedding.Weight.shape], embedding.Weight.dtype, CPU)[0]);
                    break;
                case GroupNorm normalization:
                    normalization.weight.Fill(1);
                    normalization.bias!.zero_();
                    break;
            }
        }

        foreach (var layer in layers)
        {
            var last =
                layer switch { ResidualBlock block => block.Last.weight, SelfAttention attention => attention.Last.weight, _ => null };
            last?.zero_();
        }

        network.Last.weight.zero_();
    }

    private static void Scale(Tensor weight, RandomNumbers numbers, int layer)
    {
        var receptiveField = weight.numel() / (weight.shape[0] * weight.shape[1]);
        var fanAverage = (weight.shape[0] + weight.shape[1]) * receptiveField / 2.0;
        var bound = Math.Sqrt(3 / fanAverage);
        using var values = empty(weight.shape, ScalarType.Float32);
        var span = RandomTensors.Numbers(values);
        numbers.Uniforms(layer, 0, span);
        foreach (ref var value in span)
        {
            value = (float)bound * ((2 * value) - 1);
        }

        weight.copy_(values);
    }
}
