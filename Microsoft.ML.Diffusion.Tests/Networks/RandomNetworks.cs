namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>Small networks with all that there is to choose, drawn from one seed.</summary>
internal sealed class RandomNetworks(int seed)
{
    private const long LargestNumberOfParameters = 100_000; // the tests compute many

    private readonly Random _random = new(seed);
    private readonly Random _augmentation = new(~seed); // of its own, so that the networks stay those of the seed

    /// <summary>The next one.</summary>
    public NetworkCase Next()
    {
        while (true)
        {
            var levels = _random.Next(1, 4);
            var groups = Of(1, 2, 4);
            var options = new UNetOptions
            {
                BaseChannels = groups * Of(2, 4, 6, 8, 10),
                ChannelMultipliers = [.. Enumerable.Range(0, levels).Select(_ => _random.Next(1, 4))],
                NumberOfResidualBlocks = _random.Next(1, 3),
                NumberOfNormalizationGroups = groups,
                Dropout = Of(0, 0, 0.3),
                PatchSize = Of(1, 1, 1, 2),
                ResampleWithConvolution = _random.Next(4) > 0,
                Details = Details(levels, groups),
            };
            var factor = options.DownsamplingFactor;
            var (height, width) = (factor * _random.Next(1, 1 + (12 / factor)), factor * _random.Next(1, 1 + (12 / factor)));
            options = options with { AttentionResolutions = Attended(options, Math.Max(height, width)) };
            var channels = _random.Next(1, 4);
            var network = new NetworkCase(options, channels, _random.Next(2) == 0 ? channels : 2 * channels, height, width, Of(0, 0, 3))
            {
                Augmentation = _augmentation.Next(3) == 0 ? 9 : 0,
            };
            if (IsValid(network) && network.CountParameters() < LargestNumberOfParameters)
            {
                return network;
            }
        }
    }

    private UNetDetails Details(int levels, int groups)
    {
        if (_random.Next(2) == 0)
        {
            return new();
        }

        IReadOnlyList<UNetBlock>? Blocks() =>
            _random.Next(2) == 0 ? null : [.. Enumerable.Range(0, levels).Select(_ => Of(Enum.GetValues<UNetBlock>()))];
        return new()
        {
            DownBlocks = Blocks(),
            UpBlocks = Blocks(),
            Middle = Of(Enum.GetValues<UNetMiddle>()),
            MiddleScale = Of(1, 1, 1.4142),
            MiddleAttentionGroups = Of<int?>(null, 0, groups),
            NormalizationEpsilon = Of(1e-6, 1e-5),
            ScaleAndShift = _random.Next(2) == 0,
            TimestepFeatures = Of<int?>(null, 20),
            CosinesFirst = _random.Next(2) == 0,
            FrequencyShift = _random.Next(2),
            DownsamplePadding = _random.Next(2),
            CenterInput = _random.Next(2) == 0,
        };
    }

    private List<int> Attended(UNetOptions options, int side)
    {
        var sides = Enumerable.Range(0, options.ChannelMultipliers.Count).Select(level => (side / options.PatchSize) >> level);
        return [.. sides.Where(_ => _random.Next(2) == 0).Distinct()];
    }

    private T Of<T>(params T[] choices) => choices[_random.Next(choices.Length)];

    private static bool IsValid(NetworkCase network)
    {
        try
        {
            network.Options.Validate();
            network.Options.ValidateFor(network.Height, network.Width);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
