using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>The weights that training starts from, drawn from one seed: each layer's depend on its shape and its place among the network's alone.</summary>
internal static class Initialization
{
    /// <summary>
    /// Variance-scaling (fan average, uniform) weights and zero biases, as DDPM has them; the last layer of every residual path starts at
    /// zero, so that the network starts as the identity.
    /// </summary>
    public static void Initialize(NetworkWeights weights, long seed)
    {
        var numbers = new RandomNumbers(RandomStream.InitialWeights, seed);
        foreach (var weight in weights.Plan.Weights)
        {
            var values = weights[weight];
            var layer = weights.Plan.LayerNumber(weight);
            switch (weight)
            {
                case { StartsAtZero: true }:
                    values.Clear();
                    break;
                case { Kind: WeightKind.Product }:
                    numbers.Uniforms(layer, 0, values);
                    Scale(weight, values);
                    break;
                case { Kind: WeightKind.Embedding }:
                    numbers.Normals(layer, 0, values);
                    break;
                case { Kind: WeightKind.NormalizationWeight }:
                    values.Fill(1);
                    break;
                default:
                    throw new NotSupportedException($"{weight} starts at no values that are known.");
            }
        }
    }

    // Spreads numbers in (0, 1) over the interval of the weight's variance.
    private static void Scale(PlanWeight weight, Span<float> values)
    {
        var receptiveField = weight.Count / (weight.Shape[0] * (long)weight.Shape[1]);
        var fanAverage = (weight.Shape[0] + weight.Shape[1]) * receptiveField / 2.0;
        var bound = Math.Sqrt(3 / fanAverage);
        foreach (ref var value in values)
        {
            value = (float)bound * ((2 * value) - 1);
        }
    }
}
