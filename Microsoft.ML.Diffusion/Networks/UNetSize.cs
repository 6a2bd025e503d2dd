namespace Microsoft.ML.Diffusion.Networks;

/// <summary>How many weights a network has, before memory is taken for them.</summary>
internal static class UNetSize
{
    /// <summary>A number that the weights are not below, and not many times above: what a file of weights is compared with first.</summary>
    public static double AtLeast(UNetOptions options, int inChannels, int outChannels, int numberOfClasses)
    {
        var features = (double)(options.TimestepFeatures ?? options.BaseChannels * 4.0);
        var blocks = (2.0 * options.NumberOfResidualBlocks) + 1;
        var levels = Enumerable.Range(0, options.NumberOfLevels).Select(level => (double)options.ChannelsOf(level)).Sum(channels => blocks * channels * ((9 * channels) + features));
        return levels + (features * (features + options.BaseChannels + numberOfClasses)) + (9.0 * options.BaseChannels * inChannels) + (9.0 * options.ChannelsOf(0) * outChannels);
    }
}
