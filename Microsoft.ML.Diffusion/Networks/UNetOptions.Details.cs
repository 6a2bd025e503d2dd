using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Where the U-Nets of other libraries differ. The defaults are those of the DDPM authors' own network.</content>
public sealed partial record UNetOptions
{
    /// <summary>Gets the number of channels of each level where they are not multiples of <see cref="BaseChannels"/>.</summary>
    /// <value>Multiples of <see cref="NumberOfNormalizationGroups"/>; <see langword="null"/>, the default, follows <see cref="ChannelMultipliers"/>, which a list replaces.</value>
    public IReadOnlyList<int>? LevelChannels
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets what each level consists of on the way down, from full resolution on.</summary>
    /// <value>One for each level; <see langword="null"/>, the default, attends at <see cref="AttentionResolutions"/>, which a list replaces.</value>
    public IReadOnlyList<UNetBlock>? DownBlocks
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets what each level consists of on the way up, from the lowest resolution on.</summary>
    /// <value>One for each level; <see langword="null"/>, the default, is the way down reversed.</value>
    public IReadOnlyList<UNetBlock>? UpBlocks
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets what stands between the way down and the way up.</summary>
    /// <value>The default is <see cref="UNetMiddle.Attention"/>.</value>
    public UNetMiddle Middle { get; init; } = UNetMiddle.Attention;

    /// <summary>Gets the number that the sums of input and output are divided by in the middle.</summary>
    /// <value>Above 0. The default is 1.</value>
    public double MiddleScale { get; init; } = 1;

    /// <summary>Gets the number of groups of the normalization before the middle's attention.</summary>
    /// <value>A divisor of the last level's channels; 0 leaves the normalization out; <see langword="null"/>, the default, is <see cref="NumberOfNormalizationGroups"/>.</value>
    public int? MiddleAttentionGroups { get; init; }

    /// <summary>Gets the number added to the variances of the group normalizations.</summary>
    /// <value>Above 0. The default is 1e-6.</value>
    public double NormalizationEpsilon { get; init; } = 1e-6;

    /// <summary>Gets a value indicating whether the timestep scales and shifts the features after a residual block's second normalization (Dhariwal and Nichol 2021, eq. 3).</summary>
    /// <value>The default, <see langword="false"/>, adds to the features before it.</value>
    public bool ScaleAndShift { get; init; }

    /// <summary>Gets the number of features that a timestep becomes.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, is four times <see cref="BaseChannels"/>.</value>
    public int? TimestepFeatures { get; init; }

    /// <summary>Gets a value indicating whether the cosines of a timestep come before its sines.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool CosinesFirst { get; init; }

    /// <summary>Gets d in the frequencies 10000^(-i / (BaseChannels / 2 - d)), i = 0, 1, ..., of a timestep's sines and cosines.</summary>
    /// <value>Below half of <see cref="BaseChannels"/>. The default is 1, with which the lowest frequency is 1 / 10000.</value>
    public int FrequencyShift { get; init; } = 1;

    /// <summary>Gets the rows and columns of zeros around what a strided convolution halves.</summary>
    /// <value>1, or 0, the default, which pads right and below only.</value>
    public int DownsamplePadding { get; init; }

    /// <summary>Gets a value indicating whether the network first takes its input x to 2x - 1.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool CenterInput { get; init; }

    /// <summary>Gets the number of levels.</summary>
    internal int NumberOfLevels => (LevelChannels ?? ChannelMultipliers).Count;

    /// <summary>Gets the number of channels of a level.</summary>
    internal int ChannelsOf(int level) => LevelChannels is null ? BaseChannels * ChannelMultipliers[level] : LevelChannels[level];

    /// <summary>Lists the blocks of both ways for images whose longer side is <paramref name="side"/> pixels after patching.</summary>
    internal (UNetBlock[] Down, UNetBlock[] Up) BlocksFor(int side)
    {
        UNetBlock[] down = DownBlocks is null
            ? [.. Enumerable.Range(0, NumberOfLevels).Select(level => AttentionResolutions.Contains(side >> level) ? UNetBlock.Attention : UNetBlock.Residual)]
            : [.. DownBlocks];
        return (down, UpBlocks is null ? [.. down.AsEnumerable().Reverse()] : [.. UpBlocks]);
    }

    private void ValidateDetails()
    {
        Require(LevelChannels is null || (LevelChannels.Count is >= 1 and <= 16 && LevelChannels.All(channels => channels >= 1 && channels % NumberOfNormalizationGroups == 0)), nameof(LevelChannels), LevelChannels, $"must hold 1 to 16 multiples of NumberOfNormalizationGroups ({NumberOfNormalizationGroups}), one for each level");
        RequireBlocks(DownBlocks, nameof(DownBlocks));
        RequireBlocks(UpBlocks, nameof(UpBlocks));
        Require(AttentionHeadDimension is null || AttendedChannels().All(channels => channels % AttentionHeadDimension == 0), nameof(AttentionHeadDimension), AttentionHeadDimension, "must divide the channels of every level with attention, because attention splits them into heads of that size");
        Require(Enum.IsDefined(Middle), nameof(Middle), Middle, "must be None, Residual or Attention");
        Require(MiddleScale > 0 && double.IsFinite(MiddleScale), nameof(MiddleScale), MiddleScale, "must be a number above 0, because features are divided by it");
        Require(MiddleAttentionGroups is null or 0 || (MiddleAttentionGroups > 0 && ChannelsOf(NumberOfLevels - 1) % MiddleAttentionGroups == 0), nameof(MiddleAttentionGroups), MiddleAttentionGroups, "must divide the channels of the last level, or be 0 for no normalization");
        Require(NormalizationEpsilon > 0 && double.IsFinite(NormalizationEpsilon), nameof(NormalizationEpsilon), NormalizationEpsilon, "must be a number above 0, because it keeps a division from failing");
        Require(TimestepFeatures is null or >= 1, nameof(TimestepFeatures), TimestepFeatures, "must be at least 1; leave it null for four times BaseChannels");
        Require(FrequencyShift < BaseChannels / 2 || FrequencyShift == 1, nameof(FrequencyShift), FrequencyShift, $"must be below half of BaseChannels ({BaseChannels}), because frequencies are spaced by the difference");
        Require(DownsamplePadding is 0 or 1, nameof(DownsamplePadding), DownsamplePadding, "must be 0 or 1, because any other would not halve an image");
    }

    private void RequireBlocks(IReadOnlyList<UNetBlock>? blocks, string name) =>
        Require(blocks is null || (blocks.Count == NumberOfLevels && blocks.All(Enum.IsDefined)), name, blocks is null ? null : string.Join(", ", blocks), $"must hold one block for each of the {NumberOfLevels} levels");

    // Where attention follows the resolution, any level may have it.
    private IEnumerable<int> AttendedChannels()
    {
        var levels = NumberOfLevels;
        var up = UpBlocks ?? DownBlocks?.Reverse().ToList();
        return Enumerable.Range(0, levels)
            .Where(level => DownBlocks is null || DownBlocks[level].HasAttention || up![levels - 1 - level].HasAttention || (level == levels - 1 && Middle == UNetMiddle.Attention))
            .Select(ChannelsOf);
    }
}
