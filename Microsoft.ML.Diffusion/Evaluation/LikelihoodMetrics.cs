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
    private readonly LikelihoodSums _sums;

    internal LikelihoodMetrics(LikelihoodTerms terms)
        : this(LikelihoodSums.Of(terms))
    {
    }

    internal LikelihoodMetrics(LikelihoodSums sums)
    {
        var divergences = sums.Divergences;
        _sums = sums;
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

    /// <summary>Joins the figures of parts of a set of images, as if all had been judged in one call.</summary>
    /// <param name="parts">
    /// The figures of each part, at least one, judged at the same timesteps: with all of them, or with the same <see cref="LikelihoodOptions.Seed"/>. With
    /// <see cref="LikelihoodOptions.FirstImage"/> at the beginning of each part the draws are those of one call, too.
    /// </param>
    /// <returns>The figures of all images, in the order of the parts.</returns>
    /// <exception cref="ArgumentException">There is no part, or two were judged at other timesteps or with and without the probability flow.</exception>
    public static LikelihoodMetrics Merge(IEnumerable<LikelihoodMetrics> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        LikelihoodSums? all = null;
        foreach (var part in parts)
        {
            ArgumentNullException.ThrowIfNull(part, nameof(parts));
            if (all is null)
            {
                var first = part._sums;
                all = new LikelihoodSums(first.TrainingTimesteps, first.Timesteps);
            }
            else if (part.FlowPerImage is null != (all.Flow.Count == 0))
            {
                throw new ArgumentException(
                    "parts must all be judged with NumberOfFlowSteps or all without, because the mean is over all images.",
                    nameof(parts));
            }
            else if (part._sums.TrainingTimesteps != all.TrainingTimesteps || !part.Timesteps.SequenceEqual(all.Timesteps))
            {
                throw new ArgumentException(
                    "parts must be judged at the same timesteps, because the terms of each are added up. Give all the same Seed and NumberOfTimesteps.",
                    nameof(parts));
            }

            all.Add(part._sums);
        }

        return new LikelihoodMetrics(all ?? throw new ArgumentException("parts must hold the figures of at least one part.", nameof(parts)));
    }

    /// <summary>Writes the figures and what they are sums of to a file, for <see cref="Load"/> and <see cref="Merge"/>: JSON, of two numbers an image at most.</summary>
    /// <param name="path">Where; an older file is replaced at the very end.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it; an older file is unchanged.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        LikelihoodFile.Write(path, _sums);
    }

    /// <summary>Reads figures that <see cref="Save"/> wrote, to the last bit. Files of anybody are checked.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The figures.</returns>
    /// <exception cref="FormatException">The file is damaged, of a later version, or something else.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static LikelihoodMetrics Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new LikelihoodMetrics(LikelihoodFile.Read(path));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{BitsPerDimension:F4} bits per dimension{(HasAllTimesteps ? "" : string.Create(CultureInfo.InvariantCulture, $" (standard error {StandardError:F4}, {Timesteps.Count} timesteps)"))} = {Prior:F4} prior + {Divergence:F4} steps + {Decoder:F4} decoder{(FlowBitsPerDimension is { } flow ? string.Create(CultureInfo.InvariantCulture, $"; {flow:F4} by the flow") : "")}");
}
