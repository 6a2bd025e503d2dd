using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>What a weight is to its layer, by which it is initialized.</summary>
internal enum WeightKind
{
    /// <summary>Filters of a convolution, [C_out, C_in, side, side], or the matrix of a linear layer, [C_out, C_in].</summary>
    Product,

    /// <summary>What is added to such products, [C_out].</summary>
    Bias,

    /// <summary>What a normalized channel is multiplied by, [C].</summary>
    NormalizationWeight,

    /// <summary>What is added to a normalized channel, [C].</summary>
    NormalizationBias,

    /// <summary>A vector for each class, [classes, F], or for each number that says how an image was augmented.</summary>
    Embedding,
}

/// <summary>A weight of a network.</summary>
/// <param name="Name">Its name in a state dict of diffusers.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Kind">What it is to its layer.</param>
/// <param name="StartsAtZero">Whether training starts with zeros.</param>
internal sealed record PlanWeight(string Name, EquatableList<int> Shape, WeightKind Kind, bool StartsAtZero)
{
    /// <summary>The name of the layer that it belongs to.</summary>
    public string Layer => Name[..Name.LastIndexOf('.')];

    /// <summary>The number of its numbers.</summary>
    public long Count => Shape.Aggregate(1L, (product, side) => checked(product * side));

    /// <summary>Its shape, as files hold it.</summary>
    public long[] Sides => [.. Shape.Select(side => (long)side)];

    /// <inheritdoc/>
    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}

/// <summary>The two weights of a layer.</summary>
/// <param name="Weight">What is multiplied.</param>
/// <param name="Bias">What is added.</param>
internal sealed record LayerWeights(PlanWeight Weight, PlanWeight Bias)
{
    public IReadOnlyList<PlanWeight> Both => [Weight, Bias];

    /// <summary>Filters of a convolution.</summary>
    public static LayerWeights Filters(string layer, int outChannels, int inChannels, int side, bool startsAtZero) =>
        Of(layer, WeightKind.Product, WeightKind.Bias, startsAtZero, [outChannels, inChannels, side, side]);

    /// <summary>The matrix of a linear layer.</summary>
    public static LayerWeights Matrix(string layer, int outChannels, int inChannels, bool startsAtZero) =>
        Of(layer, WeightKind.Product, WeightKind.Bias, startsAtZero, [outChannels, inChannels]);

    /// <summary>What follows a normalization.</summary>
    public static LayerWeights Normalization(string layer, int channels) =>
        Of(layer, WeightKind.NormalizationWeight, WeightKind.NormalizationBias, startsAtZero: false, [channels]);

    private static LayerWeights Of(string layer, WeightKind weight, WeightKind bias, bool startsAtZero, int[] shape) =>
        new(
            new($"{layer}.weight", EquatableList.Of<int>(shape), weight, startsAtZero),
            new($"{layer}.bias", EquatableList.Of<int>([shape[0]]), bias, StartsAtZero: true));
}
