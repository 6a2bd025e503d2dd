using Microsoft.ML.Diffusion.Runtime;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <summary>How <see cref="DiffusionCatalog.EvaluateMemorization"/> tells copies of training images from new ones.</summary>
public sealed record MemorizationOptions
{
    /// <summary>Gets k: a row's distance to its nearest training image is compared with its mean distance to the k next ones.</summary>
    /// <value>
    /// At least 1; the default is 10, so that some near duplicates among the training images do not hide a copy of theirs. Of few training images all are taken.
    /// </value>
    public int NumberOfNeighbours { get; init; } = 10;

    /// <summary>Gets the share of the baseline that is nearer to the training images than what counts as new.</summary>
    /// <value>Above 0 and below 1; the default is 0.01: a near copy is relatively nearer to a training image than 99 of 100 images of the baseline.</value>
    public double BaselineQuantile { get; init; } = 0.01;

    /// <summary>Gets the share of near copies from which a model is suspicious.</summary>
    /// <value>Above 0 and at most 1; the default is 0.05, five times what a model that copies nothing has by <see cref="BaselineQuantile"/>.</value>
    public double SuspiciousShare { get; init; } = 0.05;

    /// <summary>Gets the number of rows of the baseline that are looked at.</summary>
    /// <value>At least 2; the default is 2,000. Of more, evenly spaced ones are taken.</value>
    public int MaximumNumberOfBaselineRows { get; init; } = 2_000;

    /// <summary>Gets the token that ends the evaluation between two rows by an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal void Validate()
    {
        Require(
            NumberOfNeighbours >= 1,
            nameof(NumberOfNeighbours),
            NumberOfNeighbours,
            "must be at least 1, because the nearest training image is compared with others");
        Require(
            BaselineQuantile is > 0 and < 1,
            nameof(BaselineQuantile),
            BaselineQuantile,
            "must be above 0 and below 1, because it is a share of the baseline");
        Require(
            SuspiciousShare is > 0 and <= 1,
            nameof(SuspiciousShare),
            SuspiciousShare,
            "must be above 0 and at most 1, because it is a share of the generated images");
        Require(
            MaximumNumberOfBaselineRows >= 2,
            nameof(MaximumNumberOfBaselineRows),
            MaximumNumberOfBaselineRows,
            "must be at least 2, because one image tells nothing of how far others are");
    }
}
