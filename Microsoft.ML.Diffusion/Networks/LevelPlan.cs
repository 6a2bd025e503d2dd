using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>One resolution, on one of the ways.</summary>
/// <param name="Name">Its name in a state dict.</param>
/// <param name="Channels">C of its blocks.</param>
/// <param name="Block">What it consists of.</param>
/// <param name="ChangesResolution">Whether the resolution changes behind it.</param>
internal sealed record LevelPlan(string Name, int Channels, UNetBlock Block, bool ChangesResolution)
{
    /// <summary>Writes the level down as one of the way down.</summary>
    /// <param name="plan">Where to.</param>
    /// <param name="x">The image.</param>
    /// <param name="embedding">Activated features of the timestep.</param>
    /// <param name="skips">Takes the images that the way up will look back at.</param>
    /// <returns>The image behind the level.</returns>
    public int AddDown(PlanBuilder plan, int x, int embedding, Stack<int> skips)
    {
        Contain(plan, "downsamplers");
        for (var block = 0; block < plan.Options.NumberOfResidualBlocks; block++)
        {
            x = Residual(plan, block, x, embedding);
            skips.Push(x);
        }

        if (ChangesResolution)
        {
            x = Downsampled(plan, x, embedding);
            skips.Push(x);
        }

        return x;
    }

    /// <summary>Writes the level down as one of the way up; parameters as for <see cref="AddDown"/>.</summary>
    public int AddUp(PlanBuilder plan, int x, int embedding, Stack<int> skips)
    {
        Contain(plan, "upsamplers");
        for (var block = 0; block <= plan.Options.NumberOfResidualBlocks; block++)
        {
            x = Residual(plan, block, plan.Channels(x, skips.Pop()), embedding);
        }

        return ChangesResolution ? Upsampled(plan, x, embedding) : x;
    }

    private void Contain(PlanBuilder plan, string samplers)
    {
        foreach (var layers in (string[])["resnets", "attentions", samplers])
        {
            plan.Contain($"{Name}.{layers}");
        }
    }

    private int Residual(PlanBuilder plan, int block, int x, int embedding)
    {
        x = new ResidualBlock(Channels).AddTo(plan, $"{Name}.resnets.{block}", x, embedding);
        return Block.HasAttention
            ? new AttentionBlock(plan.Options.NumberOfNormalizationGroups).AddTo(plan, $"{Name}.attentions.{block}", x)
            : x;
    }

    private int Downsampled(PlanBuilder plan, int x, int embedding)
    {
        var name = $"{Name}.downsamplers.0";
        plan.Contain(name);
        if (Block.ResamplesInBlock)
        {
            return new ResidualBlock(Channels, Resample: plan.AveragePool).AddTo(plan, name, x, embedding);
        }

        return plan.Options.ResampleWithConvolution
            ? plan.Resampling($"{name}.conv", x, new(Stride: 2, Before: plan.Options.Details.DownsamplePadding, After: 1))
            : plan.AveragePool(x);
    }

    private int Upsampled(PlanBuilder plan, int x, int embedding)
    {
        var name = $"{Name}.upsamplers.0";
        plan.Contain(name);
        if (Block.ResamplesInBlock)
        {
            return new ResidualBlock(Channels, Resample: plan.RepeatPixels).AddTo(plan, name, x, embedding);
        }

        return plan.Options.ResampleWithConvolution
            ? plan.Resampling($"{name}.conv", x, ConvolutionSettings.SameOfDoubled)
            : plan.RepeatPixels(x);
    }
}
