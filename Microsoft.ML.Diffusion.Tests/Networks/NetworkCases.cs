using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>A network of a few channels.</summary>
internal sealed record NetworkCase(UNetOptions Options, int Channels = 1, int OutChannels = 1, int Height = 8, int Width = 8, int Classes = 0, int Augmentation = 0)
{
    public UNetPlan CreatePlan() => new(Options, Channels, OutChannels, Height, Width, Classes, Augmentation);

    public long CountParameters() => CreatePlan().NumberOfParameters;

    public UNet Create() => new(CreatePlan());
}

/// <summary>Networks that differ in every option, by name.</summary>
internal static class NetworkCases
{
    private static readonly UNetOptions _tiny =
        new()
        {
            BaseChannels = 8,
            ChannelMultipliers = [1, 2],
            NumberOfResidualBlocks = 1,
            AttentionResolutions = [4],
            NumberOfNormalizationGroups = 4,
        };

    private static readonly UNetDetails _diffusers =
        new() { NormalizationEpsilon = 1e-5, CosinesFirst = true, FrequencyShift = 0, DownsamplePadding = 1 };

    public static IReadOnlyDictionary<string, NetworkCase> All { get; } = new Dictionary<string, NetworkCase>
    {
        ["tiny"] = new(_tiny),
        ["classes"] = new(_tiny, Channels: 3, OutChannels: 3, Classes: 3),
        ["no attention"] = new(With(_tiny with { AttentionResolutions = [] }, new() { Middle = UNetMiddle.Residual })),
        ["no middle"] = new(With(_tiny, new() { Middle = UNetMiddle.None })),
        ["middle divided"] = new(With(_tiny, new() { MiddleScale = 1.4142, MiddleAttentionGroups = 2 })),
        ["middle without norm"] = new(With(_tiny, new() { MiddleScale = 2, MiddleAttentionGroups = 0, ScaleAndShift = true }), Classes: 2),
        ["resampling in blocks"] = new(With(_tiny, new()
        {
            DownBlocks = [UNetBlock.ResidualResampling, UNetBlock.Residual],
            UpBlocks = [UNetBlock.AttentionResidualResampling, UNetBlock.Residual],
        })),
        ["scale and shift in blocks"] = new(
            With(_tiny with { ChannelMultipliers = [1, 2, 2], NumberOfResidualBlocks = 2 }, new()
            {
                ScaleAndShift = true,
                DownBlocks = [UNetBlock.ResidualResampling, UNetBlock.AttentionResidualResampling, UNetBlock.Residual],
                UpBlocks = [UNetBlock.Attention, UNetBlock.ResidualResampling, UNetBlock.AttentionResidualResampling],
            }),
            Channels: 3,
            OutChannels: 6),
        ["patches"] = new(_tiny with { PatchSize = 2, AttentionResolutions = [4, 2] }, Channels: 3, OutChannels: 6, Height: 16, Width: 16),
        ["averaged and repeated"] = new(_tiny with { ResampleWithConvolution = false, ChannelMultipliers = [1, 1, 2] }),
        ["heads"] = new(
            _tiny with { AttentionHeadDimension = 4, ChannelMultipliers = [1, 2, 3], NumberOfResidualBlocks = 2, AttentionResolutions = [4, 8] }),
        ["diffusers"] = new(
            With(_tiny, _diffusers with { LevelChannels = [8, 12, 20], CenterInput = true, TimestepFeatures = 20 }), Channels: 3, OutChannels: 3),
        ["many blocks"] = new(_tiny with { ChannelMultipliers = [1], NumberOfResidualBlocks = 11, AttentionResolutions = [8] }),
        ["wide"] = new(_tiny with { Dropout = 0.3, AttentionResolutions = [8] }, Height: 8, Width: 16),
        ["no dropout"] = new(_tiny with { Dropout = 0, BaseChannels = 12, NumberOfNormalizationGroups = 3 }, Channels: 2, OutChannels: 2),
        ["augmentation"] = new(_tiny, Classes: 3, Augmentation: 9),
        ["default"] = new(new UNetOptions(), Channels: 3, OutChannels: 3, Height: 16, Width: 16),
    };

    private static UNetOptions With(UNetOptions options, UNetDetails details) => options with { Details = details };
}
