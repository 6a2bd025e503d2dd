using System.Globalization;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Filters that are moved over an image.</summary>
/// <param name="Shape">The result's.</param>
/// <param name="Input">The image.</param>
/// <param name="Features">A vector that is added to the biases, and so to each pixel of the result; null for none.</param>
/// <param name="Filters">The weights.</param>
/// <param name="Settings">How filters are moved: their stride, the padding, and whether pixels are first repeated to 2x2.</param>
internal sealed record ConvolutionNode(ValueShape Shape, int Input, int? Features, LayerWeights Filters, ConvolutionSettings Settings)
    : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Inputs => Features is { } features ? [Input, features] : [Input];

    /// <inheritdoc/>
    public override IReadOnlyList<PlanWeight> Weights => Filters.Both;

    /// <inheritdoc/>
    protected override string Operation
    {
        get
        {
            var side = Filters.Weight.Shape[^1];
            var moved = Settings.Stride == 1 ? "" : $" with stride {Settings.Stride}, padding {Settings.Before} and {Settings.After}";
            var added = Features is null ? "" : " plus features";
            return $"convolution {side}x{side}{moved}{(Settings.Doubles ? " on repeated pixels" : "")}{added}";
        }
    }
}

/// <summary>Normalization of groups of channels.</summary>
/// <param name="Shape">The image's.</param>
/// <param name="Input">The image.</param>
/// <param name="Factors">The weights.</param>
/// <param name="Groups">A divisor of the channels.</param>
/// <param name="Epsilon">What is added to the variances.</param>
/// <param name="Activates">Whether silu follows.</param>
internal sealed record GroupNormNode(ValueShape Shape, int Input, LayerWeights Factors, int Groups, double Epsilon, bool Activates)
    : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<PlanWeight> Weights => Factors.Both;

    /// <inheritdoc/>
    protected override string Operation =>
        string.Create(CultureInfo.InvariantCulture, $"group norm in {Groups} groups, epsilon {Epsilon}{(Activates ? ", silu" : "")}");
}

/// <summary>A matrix that a vector, or each pixel, is multiplied by, and a bias.</summary>
/// <param name="Shape">A vector or pixels.</param>
/// <param name="Input">The same.</param>
/// <param name="Matrix">The weights.</param>
internal sealed record LinearNode(ValueShape Shape, int Input, LayerWeights Matrix) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<PlanWeight> Weights => Matrix.Both;

    /// <inheritdoc/>
    protected override string Operation => "linear";
}

/// <summary>
/// Adds the vector of each image's class that the network is called with: none where the label is -1, and to no image where there are no labels.
/// </summary>
/// <param name="Shape">A vector.</param>
/// <param name="Input">The same.</param>
/// <param name="Vectors">One for each class.</param>
internal sealed record ClassEmbeddingNode(ValueShape Shape, int Input, PlanWeight Vectors) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<PlanWeight> Weights => [Vectors];

    /// <inheritdoc/>
    protected override string Operation => $"sum with one of {Vectors.Shape[0]} class vectors";
}

/// <summary>
/// Adds A a, where the numbers a that the network is called with say how an image was augmented (Karras et al. 2022, appendix F.2): nothing to an image of zeros, and
/// to none where there are no such numbers, which is how a trained model does without.
/// </summary>
/// <param name="Shape">A vector.</param>
/// <param name="Input">The same.</param>
/// <param name="Vectors">The columns of A, one for each number.</param>
internal sealed record AugmentationEmbeddingNode(ValueShape Shape, int Input, PlanWeight Vectors) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<PlanWeight> Weights => [Vectors];

    /// <inheritdoc/>
    protected override string Operation => $"sum with {Vectors.Shape[0]} weighted augmentation vectors";
}
