using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>One resolution on the way down.</summary>
internal sealed class DownLevel : nn.Module
{
    private readonly ModuleList<ResidualBlock> resnets = [];
    private readonly ModuleList<SelfAttention> attentions = [];
    private readonly ModuleList<Downsample> downsamplers = [];

    public DownLevel(LevelPlan plan, int inChannels, UNetParts parts)
        : base(nameof(DownLevel))
    {
        for (var block = 0; block < parts.Options.NumberOfResidualBlocks; block++)
        {
            resnets.Add(parts.Residual(block == 0 ? inChannels : plan.Channels, plan.Channels));
            if (plan.HasAttention)
            {
                attentions.Add(parts.Attention(plan.Channels));
            }
        }

        if (plan.ChangesResolution)
        {
            downsamplers.Add(new Downsample(plan.Channels, parts.Options.ResampleWithConvolution));
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
            x = downsamplers[0].forward(x);
            skips.Push(x);
        }

        return x;
    }
}

/// <summary>The lowest resolution: two residual blocks around attention.</summary>
internal sealed class MiddleLevel : nn.Module
{
    private readonly ModuleList<ResidualBlock> resnets = [];
    private readonly ModuleList<SelfAttention> attentions = [];

    public MiddleLevel(int channels, UNetParts parts)
        : base(nameof(MiddleLevel))
    {
        resnets.Add(parts.Residual(channels, channels));
        attentions.Add(parts.Attention(channels));
        resnets.Add(parts.Residual(channels, channels));
        RegisterComponents();
    }

    public Tensor Forward(Tensor x, Tensor embedding) =>
        resnets[1].forward(attentions[0].forward(resnets[0].forward(x, embedding)), embedding);
}

/// <summary>One resolution on the way up.</summary>
internal sealed class UpLevel : nn.Module
{
    private readonly ModuleList<ResidualBlock> resnets = [];
    private readonly ModuleList<SelfAttention> attentions = [];
    private readonly ModuleList<Upsample> upsamplers = [];

    public UpLevel(LevelPlan plan, int inChannels, Stack<int> skipChannels, UNetParts parts)
        : base(nameof(UpLevel))
    {
        for (var block = 0; block <= parts.Options.NumberOfResidualBlocks; block++)
        {
            resnets.Add(parts.Residual((block == 0 ? inChannels : plan.Channels) + skipChannels.Pop(), plan.Channels));
            if (plan.HasAttention)
            {
                attentions.Add(parts.Attention(plan.Channels));
            }
        }

        if (plan.ChangesResolution)
        {
            upsamplers.Add(new Upsample(plan.Channels, parts.Options.ResampleWithConvolution));
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

        return upsamplers.Count > 0 ? upsamplers[0].forward(x) : x;
    }
}

/// <summary>What one resolution consists of.</summary>
internal readonly record struct LevelPlan(int Channels, bool HasAttention, bool ChangesResolution);

/// <summary>Makes the blocks of one network, which share all settings but their widths.</summary>
internal sealed class UNetParts(UNetOptions options, int embeddingFeatures, SeededDropout dropout)
{
    public UNetOptions Options => options;

    public ResidualBlock Residual(int inChannels, int outChannels) =>
        new(inChannels, outChannels, embeddingFeatures, options.NumberOfNormalizationGroups, dropout);

    public SelfAttention Attention(int channels) => new(channels, options.AttentionHeadDimension, options.NumberOfNormalizationGroups);
}
