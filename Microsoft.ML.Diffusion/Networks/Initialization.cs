using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>The weights that training starts from, drawn from one seed: each layer's depend on its shape and its place among the network's alone.</summary>
internal static class Initialization
{
    /// <summary>
    /// Variance-scaling (fan average, uniform) weights and zero biases, as DDPM has them; the last layer of every residual path starts at
    /// zero, so that the network starts as the identity.
    /// </summary>
    public static void Initialize(UNet network, long seed)
    {
        var numbers = new RandomNumbers(RandomStream.InitialWeights, seed);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var weight in network.Plan.Weights)
        {
            var (values, layer) = (network[weight.Name], network.Plan.LayerNumber(weight));
            switch (weight)
            {
                case { StartsAtZero: true }:
                    values.zero_();
                    break;
                case { Kind: WeightKind.Product }:
                    Scale(values, numbers, layer);
                    break;
                case { Kind: WeightKind.Embedding }:
                    values.copy_(RandomTensors.Normals(numbers, [layer], 0, [1, .. values.shape], values.dtype, CPU)[0]);
                    break;
                case { Kind: WeightKind.NormalizationWeight }:
                    values.Fill(1);
                    break;
                default:
                    throw new NotSupportedException($"{weight} starts at no values that are known.");
            }
        }
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
