namespace Microsoft.ML.Diffusion.Networks;

/// <summary>How much a plan has to compute.</summary>
internal static class PlanWork
{
    /// <summary>Additions and multiplications for a prediction of one image, of convolutions in their direct form; training takes three times as many.</summary>
    public static double Operations(UNetPlan plan) => plan.Nodes.Sum(Operations);

    /// <summary>Those of one node; 0 where they are few beside the others'.</summary>
    public static double Operations(PlanNode node) => node switch
    {
        ConvolutionNode convolution => 2.0 * Numbers(node) * convolution.Filters.Weight.Count / node.Shape.Channels,
        LinearNode linear => 2.0 * Numbers(node) * linear.Matrix.Weight.Count / node.Shape.Channels,
        AttentionNode => 4.0 * Numbers(node) * node.Shape.Height * node.Shape.Width,
        _ => 0,
    };

    private static double Numbers(PlanNode node) => (double)node.Shape.Channels * node.Shape.Height * node.Shape.Width;
}
