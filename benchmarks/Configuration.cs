namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>A network and a batch that both sides are measured on. The first steps, in which .NET still compiles, are not counted on either.</summary>
internal sealed record Configuration(
    string Name,
    int ImageSize,
    int Channels,
    int BaseChannels,
    int[] Multipliers,
    int Blocks,
    int AttentionAt,
    int WarmupSteps,
    int TrainingSteps)
{
    public const int SamplingSteps = 20;

    public const int SamplingRuns = 3;

    public static readonly Configuration Garments = new("garments", 28, 1, 32, [1, 2, 2], 1, 7, 30, 30);

    public static readonly Configuration Small = new("small", 32, 3, 64, [1, 2, 2], 2, 16, 4, 7);

    /// <summary>That of Ho et al. 2020 for CIFAR-10, too large to be measured on a few cores.</summary>
    public static readonly Configuration Cifar10 = new("cifar10", 32, 3, 128, [1, 2, 2, 2], 2, 16, 20, 30) { BatchSize = 128 };

    public static IReadOnlyList<Configuration> All => [Garments, Small];

    /// <summary>Those for a graphics card: with batches that fill it, and steps enough for its clock to rise.</summary>
    public static IReadOnlyList<Configuration> AllOfCards =>
        [.. ((Configuration[])[Garments, Small, Cifar10]).Select(
            configuration => configuration with { BatchSize = 128, WarmupSteps = 30, TrainingSteps = 60, SamplingBatches = 8 })];

    /// <summary>Gets the images of a batch.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Gets the batches that are generated in a run.</summary>
    public int SamplingBatches { get; init; } = 1;

    /// <summary>Gets what computes, by the option's name.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Gets what training computes in.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Float32;
}

/// <summary>What one process measured.</summary>
/// <param name="TrainingImagesPerSecond">From the median step.</param>
/// <param name="SamplingImagesPerSecond">One batch by DDIM in 20 steps, the best of three.</param>
/// <param name="TrainingPeakMegabytes">Resident memory at its highest by the end of training.</param>
/// <param name="Parameters">Number of weights, which must be the same on both sides.</param>
internal sealed record Measurement(
    double TrainingImagesPerSecond,
    double SamplingImagesPerSecond,
    double TrainingPeakMegabytes,
    long Parameters);
