using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>How close a set of generated images is to a set of real ones, in the space of some features.</summary>
/// <remarks>
/// The figures depend on the features, and the Frechet distance also on the number of images, whose bias grows as they get fewer: compare only figures
/// of the same features and counts. Papers' FID and KID are these figures for the features of one Inception network.
/// </remarks>
public sealed class GenerationMetrics
{
    internal GenerationMetrics()
    {
    }

    /// <summary>Gets the Frechet distance of two normal distributions with the means and covariances of the sets (FID; Heusel et al. 2017, eq. 6).</summary>
    /// <value>At least 0, lower is better. Biased upward for few images.</value>
    public required double FrechetDistance { get; init; }

    /// <summary>
    /// Gets the unbiased estimate of the squared maximum mean discrepancy with the kernel (x.y / D + 1)^3 (KID; Binkowski et al. 2018, eq. 4).
    /// </summary>
    /// <value>Lower is better; about 0, also below, for sets of one distribution.</value>
    public required double KernelDistance { get; init; }

    /// <summary>Gets the standard error of <see cref="KernelDistance"/>, which covers the choice of the kept rows of both sets.</summary>
    /// <value>
    /// From the decomposition of a U-statistic's variance (Hoeffding 1948), so that it also holds for sets of one distribution, whose distance varies as
    /// 1 / n instead of 1 / sqrt(n).
    /// </value>
    public required double KernelDistanceStandardError { get; init; }

    /// <summary>
    /// Gets the share of generated images that lie in the manifold of the real ones: how realistic they are (Kynkaanniemi et al. 2019, eq. 2).
    /// </summary>
    /// <value>0..1, higher is better.</value>
    public required double Precision { get; init; }

    /// <summary>Gets the share of real images that lie in the manifold of the generated ones: how much of the variety is covered.</summary>
    /// <value>0..1, higher is better.</value>
    public required double Recall { get; init; }

    /// <summary>Gets the number of real images.</summary>
    public required long NumberOfRealRows { get; init; }

    /// <summary>Gets the number of generated images.</summary>
    public required long NumberOfGeneratedRows { get; init; }

    /// <summary>Gets the number of real images on which all but the Frechet distance rest: a random sample if it is less than all.</summary>
    public required int NumberOfKeptRealRows { get; init; }

    /// <summary>Gets the number of generated images on which all but the Frechet distance rest: a random sample if it is less than all.</summary>
    public required int NumberOfKeptGeneratedRows { get; init; }

    /// <summary>Gets D, the number of features of an image.</summary>
    public required int NumberOfFeatures { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var isSampled = NumberOfKeptRealRows < NumberOfRealRows || NumberOfKeptGeneratedRows < NumberOfGeneratedRows;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Frechet distance {FrechetDistance:G5}, kernel distance {KernelDistance:G4} (standard error {KernelDistanceStandardError:G2}), precision {Precision:F3}, recall {Recall:F3}: {NumberOfGeneratedRows:N0} generated images and {NumberOfRealRows:N0} real ones, {NumberOfFeatures:N0} features{(isSampled ? $"; all but the Frechet distance from samples of {NumberOfKeptGeneratedRows:N0} and {NumberOfKeptRealRows:N0}" : "")}");
    }
}
