namespace Microsoft.ML.Diffusion.Networks;

/// <summary>
/// Writes the U-Net of DDPM (Ho et al. 2020, appendix B) down: noisy images and a timestep in, a prediction of the same size out. It knows no schedule.
/// </summary>
/// <remarks>Layers are named as in a diffusers state dict, so that weights move between the two without renaming.</remarks>
internal static class NetworkWriter
{
    /// <summary>Writes all of the network down.</summary>
    /// <param name="plan">Where to, empty.</param>
    /// <param name="inChannels">Channels of the images.</param>
    /// <param name="outChannels">Channels of the prediction.</param>
    /// <param name="height">Height of the images in pixels; with the width it decides which levels attend.</param>
    /// <param name="width">Width of the images in pixels.</param>
    /// <param name="numberOfClasses">Number of classes of a conditional network; 0 for none.</param>
    /// <param name="augmentationLength">Numbers that say how an image was augmented; 0 for none.</param>
    /// <returns>The features behind the middle blocks.</returns>
    public static int Write(
        PlanBuilder plan,
        int inChannels,
        int outChannels,
        int height,
        int width,
        int numberOfClasses,
        int augmentationLength)
    {
        var options = plan.Options;
        var embedding = Embedding(plan, numberOfClasses, augmentationLength);
        var x = plan.Convolution("conv_in", Input(plan, new(ValueKind.Image, inChannels, height, width)), options.BaseChannels);
        var skips = new Stack<int>([x]);
        var (down, up) = Levels(options, Math.Max(height, width) / options.PatchSize);
        foreach (var level in down)
        {
            x = level.AddDown(plan, x, embedding, skips);
        }

        x = options.Details.Middle == UNetMiddle.None ? x : Middle(plan, x, embedding);
        var bottleneck = x;
        foreach (var level in up)
        {
            x = level.AddUp(plan, x, embedding, skips);
        }

        Output(plan, plan.Normalization("conv_norm_out", x, activates: true), outChannels);
        return bottleneck;
    }

    // Features of the timestep, of the class and of the augmentation, activated: every block reads them so.
    private static int Embedding(PlanBuilder plan, int numberOfClasses, int augmentationLength)
    {
        var options = plan.Options;
        var features = options.Details.TimestepFeatures ?? options.BaseChannels * 4;
        var sinusoids =
            plan.Add(
                new SinusoidsNode(
                    ValueShape.Vector(options.BaseChannels), options.Details.CosinesFirst, options.Details.FrequencyShift));
        var x = plan.Linear("time_embedding.linear_2", plan.Silu(plan.Linear("time_embedding.linear_1", sinusoids, features)), features);
        x = numberOfClasses > 0 ? plan.ClassEmbedding("class_embedding", x, numberOfClasses) : x;
        return plan.Silu(augmentationLength > 0 ? plan.AugmentationEmbedding("augment_embedding", x, augmentationLength) : x);
    }

    private static int Input(PlanBuilder plan, ValueShape shape)
    {
        var (options, side) = (plan.Options, plan.Options.PatchSize);
        var x = plan.Add(new ImagesNode(shape));
        x = options.Details.CenterInput ? plan.Add(new CenterNode(shape, x)) : x;
        return side == 1
            ? x
            : plan.Add(new PatchNode(new(ValueKind.Image, shape.Channels * side * side, shape.Height / side, shape.Width / side), x, side));
    }

    // Two residual blocks, around attention if there is any.
    private static int Middle(PlanBuilder plan, int x, int embedding)
    {
        var (details, channels) = (plan.Options.Details, plan.ShapeOf(x).Channels);
        plan.Contain("mid_block.attentions");
        var residual = new ResidualBlock(channels, details.MiddleScale);
        x = residual.AddTo(plan, "mid_block.resnets.0", x, embedding);
        if (details.Middle == UNetMiddle.Attention)
        {
            var groups = details.MiddleAttentionGroups ?? plan.Options.NumberOfNormalizationGroups;
            x = new AttentionBlock(groups, details.MiddleScale).AddTo(plan, "mid_block.attentions.0", x);
        }

        return residual.AddTo(plan, "mid_block.resnets.1", x, embedding);
    }

    // Zero at the start of training, so that the first prediction is zero.
    private static void Output(PlanBuilder plan, int x, int channels)
    {
        var side = plan.Options.PatchSize;
        x = plan.Convolution("conv_out", x, channels * side * side, startsAtZero: true);
        if (side > 1)
        {
            var shape = plan.ShapeOf(x);
            plan.Add(new UnpatchNode(new(ValueKind.Image, channels, shape.Height * side, shape.Width * side), x, side));
        }
    }

    // Each way in its own order. Every level but the last changes the resolution, down after its blocks and up before it is entered again.
    private static (List<LevelPlan> Down, List<LevelPlan> Up) Levels(UNetOptions options, int side)
    {
        var levels = options.NumberOfLevels;
        var (down, up) = options.BlocksFor(side);
        return (
            [.. down.Select((block, i) => new LevelPlan($"down_blocks.{i}", options.ChannelsOf(i), block, i + 1 < levels))],
            [.. up.Select((block, i) => new LevelPlan($"up_blocks.{i}", options.ChannelsOf(levels - 1 - i), block, i + 1 < levels))]);
    }
}
