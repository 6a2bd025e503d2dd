using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// A bound on the negative log-likelihood of images under a model, in bits per dimension: how many bits an ideal coder would spend on each pixel
/// value of 256 levels, of which 8 is no better than chance. Lower is better.
/// </summary>
/// <remarks>The three parts are those of L_vlb (Ho et al. 2020, eq. 5), each a mean over the images; every term uses one draw of noise.</remarks>
public sealed class BitsPerDimension
{
    internal BitsPerDimension(LikelihoodTerms terms)
        : this(LikelihoodSums.Of(terms))
    {
    }

    internal BitsPerDimension(LikelihoodSums sums)
    {
        var steps = sums.TrainingTimesteps - 1;
        var divergences = sums.Divergences;
        (Prior, Divergence, Decoder, PerImage) = (sums.Prior, sums.Scale * divergences.Sum(), sums.Decoder, sums.PerImage);
        (Timesteps, IsExact) = (sums.Timesteps, divergences.Length == steps);
        StandardError = IsExact ? 0 : ErrorOfSum(divergences, steps);
    }

    /// <summary>Gets the whole bound, the sum of its three parts.</summary>
    public double Total => Prior + Divergence + Decoder;

    /// <summary>Gets L_T: the trace of the image that is left at the last timestep. It depends on the schedule alone and is close to 0.</summary>
    public double Prior { get; }

    /// <summary>Gets the sum of L_{t-1} over t = 1..T-1, in code's counting: how far the model's steps are from the true posterior.</summary>
    public double Divergence { get; }

    /// <summary>Gets L_0: the bits that the last step, to one of 256 levels, costs.</summary>
    public double Decoder { get; }

    /// <summary>Gets the bound of each image.</summary>
    public IReadOnlyList<double> PerImage { get; }

    /// <summary>Gets the timesteps whose terms were computed, rising.</summary>
    public IReadOnlyList<int> Timesteps { get; }

    /// <summary>Gets a value indicating whether all T terms were computed, rather than the sum estimated from some.</summary>
    public bool IsExact { get; }

    /// <summary>
    /// Gets the standard error of <see cref="Total"/> from computing only some timesteps, drawn without replacement; 0 for all. It does not cover
    /// the choice of the images, nor the draws of noise at the timesteps that were computed.
    /// </summary>
    public double StandardError { get; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Total:F4} bits per dimension{(IsExact ? "" : string.Create(CultureInfo.InvariantCulture, $" (standard error {StandardError:F4}, {Timesteps.Count} timesteps)"))} = {Prior:F4} prior + {Divergence:F4} steps + {Decoder:F4} decoder");

    // N sqrt((1 - n / N) s^2 / n): the sum of N values, estimated from n of them drawn without replacement.
    private static double ErrorOfSum(double[] values, int population)
    {
        var mean = values.Average();
        var variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);
        return population * Math.Sqrt((1 - ((double)values.Length / population)) * variance / values.Length);
    }
}

/// <summary>The terms that were computed, in bits per dimension.</summary>
/// <param name="TrainingTimesteps">T.</param>
/// <param name="Timesteps">Those computed, rising; the first is 0.</param>
/// <param name="Prior">L_T of each image.</param>
/// <param name="Decoder">L_0 of each image.</param>
/// <param name="Divergences">For each of the timesteps but 0, the term of each image.</param>
internal sealed record LikelihoodTerms(
    int TrainingTimesteps,
    IReadOnlyList<int> Timesteps,
    IReadOnlyList<double> Prior,
    IReadOnlyList<double> Decoder,
    IReadOnlyList<IReadOnlyList<double>> Divergences);
