using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>Networks for images of a size, from the least work to the most.</summary>
/// <remarks>
/// All have the same shape: few channels at full resolution, twice as many at each half of it, down to some 8 pixels a side (4 in large
/// images) that see the whole image.
/// So every level has about as much to compute, single pixels are cheap enough to need no patches, whose grid one would see, and large shapes have
/// most of the weights.
/// </remarks>
internal static class NetworkLadder
{
    // Sides at the lowest level. One level more, of 4 pixels, is behind at 32x32 in equal time, and a little ahead at 64x64
    // (docs/planning.md).
    private const int SmallestSide = 7;
    private const int SmallestSideOfLarge = 4;
    private const int LargestOfSmall = 32;

    private const int MostLevels = 6;
    private const int LargestMultiplier = 8;
    private const int MostGroups = 32;
    private const int SmallestPatched = 16; // sides, in patches, of which an image is still more than blots

    // Channels that fill vectors: with 12, an image takes as long as with 16.
    private static readonly (int Channels, int Blocks)[] _rungs =
        [(8, 1), (16, 1), (32, 1), (48, 1), (64, 1), (64, 2), (96, 2), (128, 2), (192, 2), (192, 3)];

    private static readonly int[] _patches = [8, 4, 2];

    /// <summary>The networks.</summary>
    public static IReadOnlyList<UNetOptions> For(ImageShape shape)
    {
        var whole = _rungs.Select(rung => Network(shape, rung.Channels, rung.Blocks, patch: 1)).ToList();
        var least = Work(whole[0], shape);
        return
        [
            .. _patches // where even the smallest of the others would learn too little in the time
                .Where(patch => IsMultiple(shape, patch) && Math.Min(shape.Height, shape.Width) / patch >= SmallestPatched)
                .Select(patch => Network(shape, 16, 1, patch))
                .Where(network => Work(network, shape) < least)
                .OrderBy(network => Work(network, shape)),
            .. whole,
        ];
    }

    private static UNetOptions Network(ImageShape shape, int channels, int blocks, int patch) => new()
    {
        BaseChannels = channels,
        ChannelMultipliers = [.. Enumerable.Range(0, Levels(shape, patch)).Select(level => Math.Min(1 << level, LargestMultiplier))],
        NumberOfResidualBlocks = blocks,
        NumberOfNormalizationGroups = Math.Min(channels % 3 == 0 ? channels / 3 : channels, MostGroups),
        AttentionResolutions = [],
        PatchSize = patch,
        Dropout = 0,
    };

    private static int Levels(ImageShape shape, int patch)
    {
        var levels = 1;
        for (var factor = 2 * patch; levels < MostLevels && IsFine(shape, factor); factor *= 2)
        {
            levels++;
        }

        return levels;
    }

    private static bool IsFine(ImageShape shape, int factor)
    {
        var side = Math.Min(shape.Height, shape.Width);
        return IsMultiple(shape, factor) && side / factor >= (side <= LargestOfSmall ? SmallestSide : SmallestSideOfLarge);
    }

    private static bool IsMultiple(ImageShape shape, int factor) => shape.Height % factor == 0 && shape.Width % factor == 0;

    private static double Work(UNetOptions network, ImageShape shape) =>
        PlanWork.Operations(new UNetPlan(network, shape.Channels, shape.Channels, shape.Height, shape.Width));
}
