using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>One resolution on the way down.</summary>
internal sealed class DownLevel : nn.Module
{
    private readonly ModuleList<ResidualBlock> resnets = [];
    private readonly ModuleList<SelfAttention> attentions = [];
    private readonly ModuleList<nn.Module> downsamplers = [];

    public DownLevel(LevelPlan plan, int inChannels, UNetParts parts)
        : base(nameof(DownLevel))
    {
        for (var block = 0; block < parts.Options.NumberOfResidualBlocks; block++)
        {
            resnets.Add(parts.Residual(block == 0 ? inChannels : plan.Channels, plan.Channels));
            if (plan.Block.HasAttention)
            {
                attentions.Add(parts.Attention(plan.Channels));
            }
        }

        if (plan.ChangesResolution)
        {
            downsamplers.Add(parts.Downsampler(plan));
        }

        RegisterComponents();
    }

    /// <summary>Pushes the features that the way up will look back at.</summary>
    public Tensor Forward(Tensor x, Tensor embedding, Stack<Tensor> skips)
    {
        for (var block = 0; block < resnets.Count; block++)
        {
            x = resnets[block].forward(x, embedding);
            x = block < attentions.Count ? attentions[block].forward(x) : x;
            skips.Push(x);
        }

        if (downsamplers.Count > 0)
        {
            x = UNetParts.Resample(downsamplers[0], x, embedding);
            skips.Push(x);
        }

        return x;
    }
}

/// <summary>The lowest resolution: two residual blocks, around attention if there is any.</summary>
internal sealed class MiddleLevel : nn.Module
{
    private readonly ModuleList<ResidualBlock> resnets = [];
    private readonly ModuleList<SelfAttention> attentions = [];

    public MiddleLevel(int channels, UNetParts parts)
        : base(nameof(MiddleLevel))
    {
        resnets.Add(parts.MiddleResidual(channels));
        if (parts.Options.Details.Middle == UNetMiddle.Attention)
        {
            attentions.Add(parts.MiddleAttention(channels));
        }

        resnets.Add(parts.MiddleResidual(channels));
        RegisterComponents();
    }

    public Tensor Forward(Tensor x, Tensor embedding)
    {
        x = resnets[0].forward(x, embedding);
        return resnets[1].forward(attentions.Count > 0 ? attentions[0].forward(x) : x, embedding);
    }
}

/// <summary>One resolution on the way up.</summary>
internal sealed class UpLevel : nn.Module
{
    private readonly ModuleList<ResidualBlock> resnets = [];
    private readonly ModuleList<SelfAttention> attentions = [];
    private readonly ModuleList<nn.Module> upsamplers = [];

    public UpLevel(LevelPlan plan, int inChannels, Stack<int> skipChannels, UNetParts parts)
        : base(nameof(UpLevel))
    {
        for (var block = 0; block <= parts.Options.NumberOfResidualBlocks; block++)
        {
            resnets.Add(parts.Residual((block == 0 ? inChannels : plan.Channels) + skipChannels.Pop(), plan.Channels));
            if (plan.Block.HasAttention)
            {
                attentions.Add(parts.Attention(plan.Channels));
            }
        }

        if (plan.ChangesResolution)
        {
            upsamplers.Add(parts.Upsampler(plan));
        }

        RegisterComponents();
    }

    public Tensor Forward(Tensor x, Tensor embedding, Stack<Tensor> skips)
    {
        for (var block = 0; block < resnets.Count; block++)
        {
            x = resnets[block].forward(cat([x, skips.Pop()], 1), embedding);
            x = block < attentions.Count ? attentions[block].forward(x) : x;
        }

        return upsamplers.Count > 0 ? UNetParts.Resample(upsamplers[0], x, embedding) : x;
    }
}
