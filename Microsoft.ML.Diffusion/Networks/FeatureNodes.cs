using System.Globalization;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>x sigmoid(x).</summary>
internal sealed record SiluNode(ValueShape Shape, int Input) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => "silu";
}

/// <summary>Drops features in training.</summary>
/// <param name="Shape">The image's.</param>
/// <param name="Input">The image, which nothing else reads.</param>
/// <param name="Place">Which of the network's places this is: what is dropped belongs to it.</param>
internal sealed record DropoutNode(ValueShape Shape, int Input, int Place) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => $"dropout {Place}";
}

/// <summary>(1 + s) x + b, where the first half of a vector holds s of each channel, and the second half b.</summary>
/// <param name="Shape">The image's.</param>
/// <param name="Input">The image.</param>
/// <param name="Features">The vector, twice as long as the image has channels.</param>
internal sealed record ScaleAndShiftNode(ValueShape Shape, int Input, int Features) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Inputs => [Input, Features];

    /// <inheritdoc/>
    protected override string Operation => "scale and shift";
}

/// <summary>(x + y) / divisor.</summary>
/// <param name="Shape">That of all three.</param>
/// <param name="Input">x.</param>
/// <param name="Other">y.</param>
/// <param name="Divisor">Above 0.</param>
internal sealed record AddNode(ValueShape Shape, int Input, int Other, double Divisor) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Inputs => [Input, Other];

    /// <inheritdoc/>
    protected override string Operation =>
        Divisor == 1 ? "sum" : string.Create(CultureInfo.InvariantCulture, $"1/{Divisor} of the sum");
}

/// <summary>The channels of two images, one after another.</summary>
/// <param name="Shape">The result's.</param>
/// <param name="Input">The first image.</param>
/// <param name="Other">The second image.</param>
internal sealed record ConcatenateNode(ValueShape Shape, int Input, int Other) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Inputs => [Input, Other];

    /// <inheritdoc/>
    protected override string Operation => "concatenation";
}

/// <summary>Scaled dot-product attention of pixels to pixels.</summary>
/// <param name="Shape">Pixels, as all three inputs.</param>
/// <param name="Queries">What each pixel asks for.</param>
/// <param name="Keys">What each pixel offers.</param>
/// <param name="Values">What it gives.</param>
/// <param name="Heads">Parts of the channels that attend for themselves.</param>
internal sealed record AttentionNode(ValueShape Shape, int Queries, int Keys, int Values, int Heads) : PlanNode(Shape)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Inputs => [Queries, Keys, Values];

    /// <inheritdoc/>
    protected override string Operation => Heads == 1 ? "attention" : $"attention with {Heads} heads";
}
