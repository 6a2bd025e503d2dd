using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>Networks for images of a size, from the least work to the most.</summary>
internal static class NetworkLadder
{
    /// <summary>The networks.</summary>
    public static IReadOnlyList<UNetOptions> For(ImageShape shape) => [new UNetOptions { BaseChannels = 32, ChannelMultipliers = [1, 2, 2], NumberOfResidualBlocks = 1, PatchSize = 2, AttentionResolutions = [], Dropout = 0 }];
}
