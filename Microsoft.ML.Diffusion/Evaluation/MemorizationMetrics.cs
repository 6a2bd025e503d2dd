using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>Whether a model repeats its training images: how near generated images are to them, beside images that it cannot have copied.</summary>
/// <remarks>
/// <para>
/// An image counts as a near copy if its relative distance, <see cref="TrainingMatch.RelativeDistance"/>, is below nearly all of the baseline: of held-out
/// images, or of each training image to the others. So the features' scale does not matter, nor does how alike the training images are among themselves.
/// </para>
/// <para>What is near depends on the features: of pixels, a shifted or mirrored copy is no copy.</para>
/// </remarks>
public sealed class MemorizationMetrics
{
    /// <summary>The <see cref="Probability"/> below which chance is no explanation.</summary>
    internal const double Significance = 0.001;

    internal MemorizationMetrics()
    {
    }

    /// <summary>Gets each generated image with its nearest training image, in the order of the rows.</summary>
    public required IReadOnlyList<TrainingMatch> GeneratedMatches { get; init; }

    /// <summary>Gets each image of the baseline with its nearest training image: another than itself.</summary>
    public required IReadOnlyList<TrainingMatch> BaselineMatches { get; init; }

    /// <summary>Gets whether the baseline are held-out images; else they are the training images, each compared with the others.</summary>
    public required bool IsBaselineHeldOut { get; init; }

    /// <summary>Gets the relative distance below which an image is a near copy: that of a low quantile of the baseline.</summary>
    public required double Threshold { get; init; }

    /// <summary>Gets the share of generated images that are near copies of a training image.</summary>
    /// <value>0..1.</value>
    public double ShareOfNearCopies => GeneratedMatches.Count(IsNearCopy) / (double)GeneratedMatches.Count;

    /// <summary>Gets the share that is to be expected of images distributed as the baseline is.</summary>
    /// <value>About <see cref="MemorizationOptions.BaselineQuantile"/>; more if the baseline has too few images for that.</value>
    public required double ExpectedShareOfNearCopies { get; init; }

    /// <summary>Gets the probability that so many are near copies by chance, if generated images are distributed as the baseline is.</summary>
    /// <value>0..1, by an exact test of ranks, which counts how few images there are.</value>
    public required double Probability { get; init; }

    /// <summary>
    /// Gets whether the model seems to repeat training images: <see cref="ShareOfNearCopies"/> is at least
    /// <see cref="MemorizationOptions.SuspiciousShare"/>, and <see cref="Probability"/> below 0.001.
    /// </summary>
    public required bool IsSuspicious { get; init; }

    /// <summary>Gets the number of training images.</summary>
    public required int NumberOfTrainingRows { get; init; }

    /// <summary>Gets the number of training images that equal an earlier one; these count once.</summary>
    public required int NumberOfRepeatedTrainingRows { get; init; }

    /// <summary>Gets the number of held-out images that equal a training image, and so are no part of the baseline.</summary>
    public required int NumberOfKnownHeldOutRows { get; init; }

    /// <summary>Whether an image is a near copy.</summary>
    public bool IsNearCopy(TrainingMatch match) => match.RelativeDistance < Threshold;

    /// <summary>Finds the generated images that are relatively nearest to a training image: those to look at.</summary>
    /// <param name="count">The most of them, at least 1.</param>
    /// <returns>The nearest first.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is too small.</exception>
    public IReadOnlyList<TrainingMatch> Nearest(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return [.. GeneratedMatches.OrderBy(match => match.RelativeDistance).Take(count)];
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var baseline = IsBaselineHeldOut ? "held-out images" : "training images among themselves";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(IsSuspicious ? "SUSPICIOUS" : "not suspicious")}: {100 * ShareOfNearCopies:F1} % of {GeneratedMatches.Count:N0} generated images are near copies of one of {NumberOfTrainingRows:N0} training images, where {100 * ExpectedShareOfNearCopies:F1} % are to be expected (probability {Probability:G2}); relative distance {Median(GeneratedMatches):F3} in the middle, {Median(BaselineMatches):F3} of {BaselineMatches.Count:N0} {baseline}, {Threshold:F3} for a near copy");
    }

    private static double Median(IReadOnlyList<TrainingMatch> matches) =>
        matches.Select(match => match.RelativeDistance).Order().ElementAt(matches.Count / 2);
}
