using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <summary>The shape of the U-Net (Ho et al. 2020, appendix B).</summary>
public sealed partial record UNetOptions
{
    /// <summary>Gets the number of channels at full resolution.</summary>
    /// <value>A multiple of <see cref="NumberOfNormalizationGroups"/>, at most 65,536. The default is 64.</value>
    public int BaseChannels { get; init; } = 64;

    /// <summary>Gets the number of channels of each level as a multiple of <see cref="BaseChannels"/>; every level but the last halves the image.</summary>
    /// <value>1 to 16 positive numbers; no level may have more than 65,536 channels. The default is 1, 2, 2.</value>
    public IReadOnlyList<int> ChannelMultipliers
    {
        get;
        init => field = EquatableList.Of(value);
    } = EquatableList.Of<int>([1, 2, 2]);

    /// <summary>Gets the number of residual blocks of each level on the way down; the way up has one more.</summary>
    /// <value>At least 1, and 256 in all levels of both ways together at most. The default is 2.</value>
    public int NumberOfResidualBlocks { get; init; } = 2;

    /// <summary>
    /// Gets the resolutions, as the longer side in pixels after patching, at which residual blocks are followed by self-attention; the middle always
    /// has it.
    /// </summary>
    /// <value>At most 64 numbers. The default is 16, and 7 and 14 for images of 28 pixels.</value>
    public IReadOnlyList<int> AttentionResolutions
    {
        get;
        init => field = EquatableList.Of(value);
    } = EquatableList.Of<int>([7, 14, 16]);

    /// <summary>Gets the number of channels of one attention head.</summary>
    /// <value>A divisor of every attended level's channels; <see langword="null"/>, the default, is one head over all channels.</value>
    public int? AttentionHeadDimension { get; init; }

    /// <summary>Gets the probability with which training drops a feature inside a residual block.</summary>
    /// <value>[0, 1). The default is 0.1; use 0 for short runs.</value>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Gets the number of groups of the group normalizations.</summary>
    /// <value>1 to 65,536. The default is 32.</value>
    public int NumberOfNormalizationGroups { get; init; } = 32;

    /// <summary>Gets the side of the pixel blocks that the network folds into channels before its first layer.</summary>
    /// <value>1 to 64: 1, the default, folds nothing; 2 makes the network about four times as fast and sees fine detail as channels.</value>
    public int PatchSize { get; init; } = 1;

    /// <summary>Gets a value indicating whether convolutions follow each change of resolution; without, images are averaged and repeated.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool ResampleWithConvolution { get; init; } = true;

    /// <summary>Gets what only networks of other libraries need.</summary>
    /// <value>The default is the DDPM authors' own network.</value>
    public UNetDetails Details { get; init; } = new();

    /// <summary>Gets the factor that both sides of an image must be a multiple of.</summary>
    public int DownsamplingFactor => PatchSize << (NumberOfLevels - 1);

    /// <inheritdoc/>
    public override string ToString() =>
        $"U-Net ({(Details.LevelChannels is null ? $"{BaseChannels} x [{string.Join(", ", ChannelMultipliers)}]" : $"[{string.Join(", ", Details.LevelChannels)}]")} channels, {NumberOfResidualBlocks} block{(NumberOfResidualBlocks == 1 ? "" : "s")} a level, {Attention}{(PatchSize > 1 ? $", patches of {PatchSize}" : "")})";

    private string Attention
    {
        get
        {
            var levels = Details.DownBlocks?.Count(block => block.HasAttention) ?? AttentionResolutions.Count;
            return levels == 0 ? Details.Middle == UNetMiddle.Attention ? "attention in the middle alone" : "no attention"
                : Details.DownBlocks is null ? $"attention at [{string.Join(", ", AttentionResolutions)}]"
                : $"attention on {levels} level{(levels == 1 ? "" : "s")}";
        }
    }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Details);
        Require(
            NumberOfNormalizationGroups is >= 1 and <= Limits.Channels,
            nameof(NumberOfNormalizationGroups),
            NumberOfNormalizationGroups,
            $"must be from 1 to {Limits.Channels}");
        Require(
            BaseChannels >= 2 && BaseChannels % 2 == 0 && BaseChannels % NumberOfNormalizationGroups == 0,
            nameof(BaseChannels),
            BaseChannels,
            $"must be an even multiple of NumberOfNormalizationGroups ({NumberOfNormalizationGroups}), because every normalization splits the channels into that many groups");
        Require(BaseChannels <= Limits.Channels, nameof(BaseChannels), BaseChannels, $"must be at most {Limits.Channels}");
        Require(
            ChannelMultipliers is { Count: >= 1 and <= Limits.Levels } && ChannelMultipliers.All(multiplier => multiplier >= 1),
            nameof(ChannelMultipliers),
            ChannelMultipliers,
            $"must hold 1 to {Limits.Levels} positive numbers, one for each level");
        Require(
            ChannelMultipliers!.All(multiplier => (long)BaseChannels * multiplier <= Limits.Channels),
            nameof(ChannelMultipliers),
            ChannelMultipliers,
            $"must be such that no level has more than {Limits.Channels} channels, which are BaseChannels ({BaseChannels}) times as many");
        Require(NumberOfResidualBlocks >= 1, nameof(NumberOfResidualBlocks), NumberOfResidualBlocks, "must be at least 1");
        Require(
            ((2L * NumberOfResidualBlocks) + 1) * NumberOfLevels <= Limits.ResidualBlocks,
            nameof(NumberOfResidualBlocks),
            NumberOfResidualBlocks,
            $"must leave the network at most {Limits.ResidualBlocks} residual blocks: so many, and one more on the way up, for each way and each of its {NumberOfLevels} levels");
        Require(
            AttentionResolutions is not null,
            nameof(AttentionResolutions),
            AttentionResolutions,
            "must not be null; an empty list means attention in the middle only");
        Require(
            AttentionResolutions!.Count <= Limits.Resolutions,
            nameof(AttentionResolutions),
            AttentionResolutions,
            $"must hold at most {Limits.Resolutions} resolutions, of which a network of {Limits.Levels} levels has no more than {Limits.Levels}");
        Require(
            Dropout is >= 0 and < 1,
            nameof(Dropout),
            Dropout,
            "must be in [0, 1), because it is a probability and 1 would drop everything");
        Require(
            PatchSize is >= 1 and <= Limits.PatchSize,
            nameof(PatchSize),
            PatchSize,
            $"must be from 1 to {Limits.PatchSize}, because the pixels of a patch, of which there are its square, become channels");
        ValidateDetails();
    }

    internal void ValidateFor(int height, int width)
    {
        if (height > Limits.ImageSide || width > Limits.ImageSide)
        {
            throw new ArgumentOutOfRangeException(
                "imageSize",
                $"{width}x{height}",
                $"Both sides of the images must have at most {Limits.ImageSide} pixels. Add ResizeImages before the trainer.");
        }

        var factor = DownsamplingFactor;
        if (height < 1 || width < 1 || height % factor != 0 || width % factor != 0)
        {
            var (levels, patch) = (new OptionName(nameof(ChannelMultipliers)), new OptionName(nameof(PatchSize)));
            OptionText smaller = $" or a smaller {patch}";
            throw OptionMessages.Of(
                $"Both sides of the images must be multiples of {factor}, because the network halves them at every level but the last{(PatchSize > 1 ? " and folds patches" : "")}. Add ResizeImages before the trainer, or use fewer {levels}{(PatchSize > 1 ? smaller : OptionText.Of(""))}.",
                message => new ArgumentOutOfRangeException(nameof(ChannelMultipliers), $"{width}x{height}", message));
        }
    }
}
