using System.Globalization;
using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// A bound on the negative log-likelihood of images under a model, in bits per dimension: how many bits an ideal coder would spend on each pixel
/// value of 256 levels, of which 8 is no better than chance. Lower is better.
/// </summary>
/// <remarks>
/// The three parts are those of L_vlb (Ho et al. 2020, eq. 5), each a mean over the images. Every term uses one draw of noise for each image, so that
/// another seed gives slightly other figures, also with all timesteps.
/// </remarks>
public sealed class LikelihoodMetrics
{
    internal LikelihoodMetrics(LikelihoodTerms terms)
        : this(LikelihoodSums.Of(terms))
    {
    }

    internal LikelihoodMetrics(LikelihoodSums sums)
    {
        var divergences = sums.Divergences;
        FlowPerImage = sums.Flow.Count > 0 ? sums.Flow : null;
        (Prior, Decoder, PerImage, Timesteps) = (sums.Prior, sums.Decoder, sums.PerImage, sums.Timesteps);
        (Terms, Weights) = ([sums.Decoder, .. divergences], [1, .. sums.Strata.Select(stratum => (double)stratum.Size)]);
        Divergence = divergences.Zip(sums.Strata, (term, stratum) => stratum.Size * term).Sum();
        HasAllTimesteps = Timesteps.Count == sums.TrainingTimesteps;
        StandardError = TimestepStrata.ErrorOfSum(sums.Strata, divergences);
    }

    /// <summary>Gets the whole bound in bits per dimension, the sum of its three parts.</summary>
    public double BitsPerDimension => Prior + Divergence + Decoder;

    /// <summary>
    /// Gets the bits per dimension by the probability flow, a mean over the images: not of a bound on the model of the steps, but of the density that
    /// samplers without noise draw from (Song et al. 2021, score-based generative modeling, section 4.3).
    /// </summary>
    /// <value><see langword="null"/> if <see cref="LikelihoodOptions.NumberOfFlowSteps"/> did not ask for it.</value>
    public double? FlowBitsPerDimension => FlowPerImage?.Average();

    /// <summary>Gets the bits per dimension of each image by the probability flow; <see langword="null"/> if they were not asked for.</summary>
    public IReadOnlyList<double>? FlowPerImage { get; }

    /// <summary>Gets L_T: the trace of the image that is left at the last timestep. It depends on the schedule alone and is close to 0.</summary>
    public double Prior { get; }

    /// <summary>Gets the sum of L_{t-1} over t = 1..T-1, in code's counting: how far the model's steps are from the true posterior.</summary>
    public double Divergence { get; }

    /// <summary>Gets L_0: the bits that the last step, to one of 256 levels, costs.</summary>
    public double Decoder { get; }

    /// <summary>Gets the bound of each image.</summary>
    public IReadOnlyList<double> PerImage { get; }

    /// <summary>Gets the timesteps whose terms were computed, rising from 0.</summary>
    public IReadOnlyList<int> Timesteps { get; }

    /// <summary>
    /// Gets the term of each of <see cref="Timesteps"/>: at 0 <see cref="Decoder"/>, at t the divergence L_{t-1} of the step from t, a mean over the
    /// images.
    /// </summary>
    public IReadOnlyList<double> Terms { get; }

    /// <summary>
    /// Gets how many timesteps each of <see cref="Timesteps"/> stands for: <see cref="BitsPerDimension"/> is <see cref="Prior"/> and the sum of
    /// weights times terms.
    /// </summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>Gets a value indicating whether the terms of all T timesteps were computed, rather than their sum estimated from some.</summary>
    public bool HasAllTimesteps { get; }

    /// <summary>
    /// Gets the standard error of <see cref="BitsPerDimension"/> from computing only some timesteps: of its distance to what all T give with the same
    /// seed; 0 for all. From the differences of neighbouring timesteps drawn, it is rather too large than too small. It does not cover the choice of
    /// the images, nor the draws of noise.
    /// </summary>
    public double StandardError { get; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{BitsPerDimension:F4} bits per dimension{(HasAllTimesteps ? "" : string.Create(CultureInfo.InvariantCulture, $" (standard error {StandardError:F4}, {Timesteps.Count} timesteps)"))} = {Prior:F4} prior + {Divergence:F4} steps + {Decoder:F4} decoder{(FlowBitsPerDimension is { } flow ? string.Create(CultureInfo.InvariantCulture, $"; {flow:F4} by the flow") : "")}");
}
