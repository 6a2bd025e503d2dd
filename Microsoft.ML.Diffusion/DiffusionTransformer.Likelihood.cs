using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

public sealed partial class DiffusionTransformer
{
    /// <summary>Bounds the negative log-likelihood of images under the model, in bits per dimension (Ho et al. 2020, eq. 5).</summary>
    /// <param name="images">The images to judge, at least one, of the model's size; best images that it has not seen.</param>
    /// <param name="options">All timesteps or some, seed and more; <see langword="null"/> uses the defaults, which cost T network calls a batch.</param>
    /// <returns>The bound and its three parts.</returns>
    /// <remarks>
    /// The decoder's normal distribution function is the tanh approximation with which the DDPM papers' figures were computed. Guidance plays no
    /// part. The images must be on the 256 levels of 8 bits, as every <see cref="MLImage"/> is.
    /// </remarks>
    /// <exception cref="ArgumentException"><paramref name="images"/> is empty, or an image has another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public LikelihoodMetrics EvaluateLikelihood(IReadOnlyList<MLImage> images, LikelihoodOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("images must hold at least one image to judge.", nameof(images));
        }

        options ??= new LikelihoodOptions();
        options.ValidateFor(Schedule, Variance, images.Count);
        foreach (var label in options.Labels ?? [])
        {
            Inputs.CheckLabel(label, nameof(LikelihoodOptions.Labels));
        }

        using var share = Use();
        var pixels = PixelBatches.FromBytes(Inputs.Pixels(images, nameof(images)));
        return new LikelihoodEvaluator(
            _trained.Model,
            options,
            Seeds.Resolve(_host, options.Seed),
            options.BatchSize ?? new GenerationOptions().BatchSizeFor(_trained.Model)).Evaluate(pixels);
    }
}
