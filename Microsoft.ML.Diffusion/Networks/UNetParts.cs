using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>What one resolution consists of, on one of the ways.</summary>
internal readonly record struct LevelPlan(int Channels, UNetBlock Block, bool ChangesResolution);

/// <summary>Makes the blocks of one network, which share all settings but their widths.</summary>
internal sealed class UNetParts(UNetOptions options, int embeddingFeatures, SeededDropout dropout)
{
    public UNetOptions Options => options;

    public ResidualBlock Residual(int inChannels, int outChannels) => new(inChannels, outChannels, embeddingFeatures, options, dropout);

    public SelfAttention Attention(int channels) => new(channels, options, options.NumberOfNormalizationGroups);

    public ResidualBlock MiddleResidual(int channels) =>
        new(channels, channels, embeddingFeatures, options, dropout, options.Details.MiddleScale);

    public SelfAttention MiddleAttention(int channels) =>
        new(channels, options, options.Details.MiddleAttentionGroups ?? options.NumberOfNormalizationGroups, options.Details.MiddleScale);

    public nn.Module Downsampler(LevelPlan plan) => plan.Block.ResamplesInBlock
        ? new ResidualBlock(
            plan.Channels,
            plan.Channels,
            embeddingFeatures,
            options,
            dropout,
            resample: x => nn.functional.avg_pool2d(x, 2))
        : new Downsample(plan.Channels, options.ResampleWithConvolution, options.Details.DownsamplePadding);

    public nn.Module Upsampler(LevelPlan plan) => plan.Block.ResamplesInBlock
        ? new ResidualBlock(
            plan.Channels,
            plan.Channels,
            embeddingFeatures,
            options,
            dropout,
            resample: x => nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest))
        : new Upsample(plan.Channels, options.ResampleWithConvolution);

    /// <summary>Changes the resolution of x, [N, C, H, W], by a module that was made here.</summary>
    public static Tensor Resample(nn.Module module, Tensor x, Tensor embedding) => module switch
    {
        ResidualBlock block => block.forward(x, embedding),
        nn.Module<Tensor, Tensor> plain => plain.forward(x),
        _ => throw new InvalidOperationException($"{module.GetName()} changes no resolution."),
    };
}
