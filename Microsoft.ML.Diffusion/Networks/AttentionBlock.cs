namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Every pixel looks at every other: normalized scaled dot-product attention, added to the input.</summary>
/// <param name="Groups">Groups of the normalization; 0 for none.</param>
/// <param name="Divisor">What the sum of input and output is divided by.</param>
internal sealed record AttentionBlock(int Groups, double Divisor = 1)
{
    /// <summary>Writes the block down.</summary>
    /// <param name="plan">Where to.</param>
    /// <param name="name">The block's.</param>
    /// <param name="x">The image.</param>
    /// <returns>The image behind it.</returns>
    public int AddTo(PlanBuilder plan, string name, int x)
    {
        var shape = plan.ShapeOf(x);
        var channels = shape.Channels;
        var normalized = Groups > 0 ? plan.Normalization($"{name}.group_norm", x, Groups, activates: false) : x;
        var pixels = plan.Add(new PixelsNode(shape with { Kind = ValueKind.Pixels }, normalized));
        var (queries, keys, values) = (
            plan.Linear($"{name}.to_q", pixels, channels),
            plan.Linear($"{name}.to_k", pixels, channels),
            plan.Linear($"{name}.to_v", pixels, channels));
        var heads = channels / (plan.Options.AttentionHeadDimension ?? channels);
        var attended = plan.Add(new AttentionNode(plan.ShapeOf(pixels), queries, keys, values, heads));

        // Zero at the start of training, so that the block starts as the identity.
        var y = plan.Linear($"{name}.to_out.0", attended, channels, startsAtZero: true);
        return plan.Sum(x, plan.Add(new ImageNode(shape, y)), Divisor);
    }
}
