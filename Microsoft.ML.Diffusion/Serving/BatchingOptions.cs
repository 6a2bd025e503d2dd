using Microsoft.ML.Diffusion.Runtime;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <summary>How a <see cref="BatchingGenerator"/> joins requests.</summary>
public sealed record BatchingOptions
{
    private static readonly TimeSpan _mostWait = TimeSpan.FromDays(1);

    /// <summary>Gets the most images of a batch.</summary>
    /// <value>1 to 65,536; <see langword="null"/>, the default, is the number that fits the device, as in <see cref="GenerationOptions.BatchSize"/>.</value>
    public int? MaximumBatchSize { get; init; }

    /// <summary>Gets how long a request waits for others while no batch runs; while one runs, they gather by themselves.</summary>
    /// <value>
    /// 0 to a day; the default is 5 milliseconds, in which clients that got their images together ask for the next ones. 0 starts each request that finds
    /// nothing running at once, and alone.
    /// </value>
    public TimeSpan MaximumWait { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Gets the most images that may wait, those of the running batch not counted; one more is refused by a <see cref="QueueFullException"/>.</summary>
    /// <value>1 to 1,000,000; the default is 128.</value>
    public int QueueLimit { get; init; } = 128;

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal void Validate()
    {
        Require(
            MaximumBatchSize is not (< 1 or > Limits.BatchSize),
            nameof(MaximumBatchSize),
            MaximumBatchSize,
            $"must be from 1 to {Limits.BatchSize}; leave it null for a size that fits the device");
        Require(
            MaximumWait >= TimeSpan.Zero && MaximumWait <= _mostWait,
            nameof(MaximumWait),
            MaximumWait,
            "must be from 0 to a day, because requests wait so long for others before their batch begins");
        Require(
            QueueLimit is >= 1 and <= Limits.ImagesAtOnce,
            nameof(QueueLimit),
            QueueLimit,
            $"must be from 1 to {Limits.ImagesAtOnce}, because it is the number of images that may wait");
    }
}
