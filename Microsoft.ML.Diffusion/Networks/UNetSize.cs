namespace Microsoft.ML.Diffusion.Networks;

/// <summary>What a network takes, before memory is taken for it.</summary>
internal static class UNetSize
{
    /// <summary>About how many numbers a network keeps of one image on its way through, without gradients: the features of every block.</summary>
    public static double FeaturesOfImage(UNetOptions options, int height, int width)
    {
        var pixels = (double)height * width / (options.PatchSize * options.PatchSize);
        var blocks = (2.0 * options.NumberOfResidualBlocks) + 1;
        return Enumerable.Range(0, options.NumberOfLevels).Sum(level => blocks * options.ChannelsOf(level) * pixels / Math.Pow(4, level));
    }

    /// <summary>A number that the weights are not below, and not many times above: what a file of weights is compared with first.</summary>
    public static double AtLeast(UNetOptions options, int inChannels, int outChannels, int numberOfClasses)
    {
        var features = (double)(options.Details.TimestepFeatures ?? options.BaseChannels * 4.0);
        var blocks = (2.0 * options.NumberOfResidualBlocks) + 1;
        var levels =
            Enumerable.Range(0, options.NumberOfLevels)
                .Select(level => (double)options.ChannelsOf(level))
                .Sum(channels => blocks * channels * ((9 * channels) + features));
        return levels
            + (features * (features + options.BaseChannels + numberOfClasses))
            + (9.0 * options.BaseChannels * inChannels)
            + (9.0 * options.ChannelsOf(0) * outChannels);
    }
}
