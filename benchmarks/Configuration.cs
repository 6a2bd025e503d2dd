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
    public const int BatchSize = 32;

    public const int SamplingSteps = 20;

    public const int SamplingRuns = 3;

    public static readonly Configuration Garments = new("garments", 28, 1, 32, [1, 2, 2], 1, 7, 30, 30);

    public static readonly Configuration Small = new("small", 32, 3, 64, [1, 2, 2], 2, 16, 4, 7);

    public static IReadOnlyList<Configuration> All => [Garments, Small];

    public static Configuration Named(string name) => All.Single(configuration => configuration.Name == name);
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
