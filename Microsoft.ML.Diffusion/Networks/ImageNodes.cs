namespace Microsoft.ML.Diffusion.Networks;

/// <summary>2 x - 1.</summary>
internal sealed record CenterNode(ValueShape Shape, int Input) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => "2 x - 1";
}

/// <summary>Folds blocks of pixels into channels.</summary>
/// <param name="Shape">The result's.</param>
/// <param name="Input">The image.</param>
/// <param name="Side">Pixels of a block's side.</param>
internal sealed record PatchNode(ValueShape Shape, int Input, int Side) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => $"folding by {Side}x{Side}";
}

/// <summary>Unfolds channels into blocks of pixels.</summary>
/// <param name="Shape">The result's.</param>
/// <param name="Input">The image.</param>
/// <param name="Side">Pixels of a block's side.</param>
internal sealed record UnpatchNode(ValueShape Shape, int Input, int Side) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => $"unfolding by {Side}x{Side}";
}

/// <summary>Averages 2x2 pixels.</summary>
internal sealed record AveragePoolNode(ValueShape Shape, int Input) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => "2x2 average";
}

/// <summary>Repeats each pixel to 2x2.</summary>
internal sealed record RepeatPixelsNode(ValueShape Shape, int Input) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => "2x2 repetition";
}

/// <summary>An image as the list of its pixels.</summary>
internal sealed record PixelsNode(ValueShape Shape, int Input) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => "pixels";
}

/// <summary>A list of pixels as an image.</summary>
internal sealed record ImageNode(ValueShape Shape, int Input) : PlanStep(Shape, Input)
{
    /// <inheritdoc/>
    protected override string Operation => "image";
}
