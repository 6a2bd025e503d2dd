using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

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

        using var scope = NewDisposeScope();
        var (model, batchSize) = (Model, options.BatchSize ?? new GenerationOptions().BatchSizeFor(Model));
        var pixels = Inputs.Images(images, nameof(images));
        var seed = Seeds.Resolve(_host, options.Seed);
        var timesteps = LikelihoodDraws.Timesteps(options.NumberOfTimesteps ?? Schedule.NumberOfTrainingTimesteps, Schedule.NumberOfTrainingTimesteps, seed);
        var terms = LikelihoodOf(model, options, options.Labels).Terms(pixels, timesteps, seed, batchSize, done =>
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            options.Progress?.Report((double)done / images.Count / timesteps.Length);
        });
        options.Progress?.Report(1);
        return new LikelihoodMetrics(terms);
    }

    /// <summary>Bounds the negative log-likelihood of a stream of images, see <see cref="DiffusionCatalog.EvaluateLikelihood"/>.</summary>
    /// <param name="batches">Pixels and classes of at most a batch of images each; no classes are those of none.</param>
    /// <param name="batchSize">What goes through the network together.</param>
    /// <param name="numberOfImages">How many there will be, for reports.</param>
    /// <param name="options">Validated.</param>
    internal LikelihoodMetrics EvaluateStream(IEnumerable<(IReadOnlyList<byte[]> Pixels, IReadOnlyList<int>? Labels)> batches, int batchSize, long numberOfImages, LikelihoodOptions options)
    {
        var (model, seed) = (Model, Seeds.Resolve(_host, options.Seed));
        var timesteps = LikelihoodDraws.Timesteps(options.NumberOfTimesteps ?? Schedule.NumberOfTrainingTimesteps, Schedule.NumberOfTrainingTimesteps, seed);
        var sums = new LikelihoodSums(Schedule.NumberOfTrainingTimesteps, timesteps);
        var images = 0L;
        foreach (var (pixels, labels) in batches)
        {
            using var scope = NewDisposeScope();
            var x0 = PixelTensors.FromBytes(pixels, model.Description.Shape, model.Device);
            sums.Add(LikelihoodOf(model, options, labels).Terms(x0, timesteps, seed, batchSize, done => Report((images * timesteps.Length) + done), images));
            images += pixels.Count;
        }

        options.Progress?.Report(1);
        return new LikelihoodMetrics(sums);

        void Report(long done)
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            options.Progress?.Report(Math.Min(1, (double)done / (numberOfImages * timesteps.Length)));
        }
    }

    private Likelihood LikelihoodOf(DiffusionModel model, LikelihoodOptions options, IReadOnlyList<int>? labels)
    {
        var variance = options.Variance ?? (Variance == ModelVariance.LearnedRange ? DdpmVariance.Learned : DdpmVariance.FixedLarge);
        return new Likelihood(new GaussianDiffusion(Schedule, Prediction), variance, options.Clipping, (xt, timesteps, images) =>
            model.Predict(xt, timesteps, labels is null ? null : tensor(Array.ConvertAll(images, image => (long)labels[image]), device: model.Device)));
    }
}
