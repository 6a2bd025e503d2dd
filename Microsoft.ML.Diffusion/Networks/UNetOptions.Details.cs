using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <content>What follows from the details.</content>
public sealed partial record UNetOptions
{
    /// <summary>Gets the number of levels.</summary>
    internal int NumberOfLevels => (Details.LevelChannels ?? ChannelMultipliers).Count;

    /// <summary>Gets the number of channels of a level.</summary>
    internal int ChannelsOf(int level) =>
        Details.LevelChannels is null ? BaseChannels * ChannelMultipliers[level] : Details.LevelChannels[level];

    /// <summary>Lists the blocks of both ways for images whose longer side is <paramref name="side"/> pixels after patching.</summary>
    internal (UNetBlock[] Down, UNetBlock[] Up) BlocksFor(int side)
    {
        UNetBlock[] down = Details.DownBlocks is null
            ? [.. Enumerable.Range(0, NumberOfLevels).Select(level =>
                AttentionResolutions.Contains(side >> level) ? UNetBlock.Attention : UNetBlock.Residual)]
            : [.. Details.DownBlocks];
        return (down, Details.UpBlocks is null ? [.. down.AsEnumerable().Reverse()] : [.. Details.UpBlocks]);
    }

    private void ValidateDetails()
    {
        Require(
            Details.LevelChannels is null
                || (Details.LevelChannels.Count is >= 1 and <= Limits.Levels
                    && Details.LevelChannels.All(channels => channels is >= 1 and <= Limits.Channels
                        && channels % NumberOfNormalizationGroups == 0)),
            nameof(UNetDetails.LevelChannels),
            Details.LevelChannels,
            $"must hold 1 to {Limits.Levels} multiples, up to {Limits.Channels}, of NumberOfNormalizationGroups ({NumberOfNormalizationGroups}), one for each level");
        RequireBlocks(Details.DownBlocks, nameof(UNetDetails.DownBlocks));
        RequireBlocks(Details.UpBlocks, nameof(UNetDetails.UpBlocks));
        Require(
            AttentionHeadDimension is null or >= 1,
            nameof(AttentionHeadDimension),
            AttentionHeadDimension,
            "must be at least 1; leave it null for one head over all channels");
        Require(
            AttentionHeadDimension is null || AttendedChannels().All(channels => channels % AttentionHeadDimension == 0),
            nameof(AttentionHeadDimension),
            AttentionHeadDimension,
            "must divide the channels of every level with attention, because attention splits them into heads of that size");
        Require(Enum.IsDefined(Details.Middle), nameof(UNetDetails.Middle), Details.Middle, "must be None, Residual or Attention");
        Require(
            Details.MiddleScale > 0 && double.IsFinite(Details.MiddleScale),
            nameof(UNetDetails.MiddleScale),
            Details.MiddleScale,
            "must be a number above 0, because features are divided by it");
        Require(
            Details.MiddleAttentionGroups is null or 0
                || (Details.MiddleAttentionGroups > 0 && ChannelsOf(NumberOfLevels - 1) % Details.MiddleAttentionGroups == 0),
            nameof(UNetDetails.MiddleAttentionGroups),
            Details.MiddleAttentionGroups,
            "must divide the channels of the last level, or be 0 for no normalization");
        Require(
            Details.NormalizationEpsilon > 0 && double.IsFinite(Details.NormalizationEpsilon),
            nameof(UNetDetails.NormalizationEpsilon),
            Details.NormalizationEpsilon,
            "must be a number above 0, because it keeps a division from failing");
        Require(
            Details.TimestepFeatures is null or (>= 1 and <= 4 * Limits.Channels),
            nameof(UNetDetails.TimestepFeatures),
            Details.TimestepFeatures,
            $"must be from 1 to {4 * Limits.Channels}; leave it null for four times BaseChannels");
        Require(
            Details.FrequencyShift >= 0 && (Details.FrequencyShift < BaseChannels / 2 || Details.FrequencyShift == 1),
            nameof(UNetDetails.FrequencyShift),
            Details.FrequencyShift,
            $"must be at least 0 and below half of BaseChannels ({BaseChannels}), because frequencies are spaced by the difference");
        Require(
            Details.DownsamplePadding is 0 or 1,
            nameof(UNetDetails.DownsamplePadding),
            Details.DownsamplePadding,
            "must be 0 or 1, because any other would not halve an image");
    }

    private void RequireBlocks(IReadOnlyList<UNetBlock>? blocks, string name) =>
        Require(
            blocks is null || (blocks.Count == NumberOfLevels && blocks.All(Enum.IsDefined)),
            name,
            blocks is null ? null : string.Join(", ", blocks),
            $"must hold one block for each of the {NumberOfLevels} levels");

    // Where attention follows the resolution, any level may have it.
    private IEnumerable<int> AttendedChannels()
    {
        var levels = NumberOfLevels;
        var up = Details.UpBlocks ?? Details.DownBlocks?.Reverse().ToList();
        return Enumerable.Range(0, levels)
            .Where(level =>
                Details.DownBlocks is null
                    || Details.DownBlocks[level].HasAttention
                    || up![levels - 1 - level].HasAttention
                    || (level == levels - 1 && Details.Middle == UNetMiddle.Attention))
            .Select(ChannelsOf);
    }
}
