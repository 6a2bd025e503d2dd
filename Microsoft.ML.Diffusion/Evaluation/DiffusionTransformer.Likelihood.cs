using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
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
    public BitsPerDimension EvaluateBitsPerDimension(IReadOnlyList<MLImage> images, LikelihoodOptions? options = null)
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
        var timesteps = Likelihood.Choose(options.NumberOfTimesteps ?? Schedule.NumberOfTrainingTimesteps, Schedule.NumberOfTrainingTimesteps, seed);
        var calls = (double)((images.Count + batchSize - 1) / batchSize * timesteps.Length);

        Tensor Output(Tensor xt, int timestep, int first)
        {
            var labels = options.Labels is { } all ? tensor([.. all.Skip(first).Take((int)xt.shape[0]).Select(label => (long)label)], device: model.Device) : null;
            return model.Network.Forward(xt, tensor([(float)timestep], device: model.Device), labels);
        }

        var terms = LikelihoodOf(options, Output).Terms(pixels, timesteps, seed, batchSize, done =>
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            options.Progress?.Report(done / calls);
        });
        options.Progress?.Report(1);
        return new BitsPerDimension(terms);
    }

    /// <summary>Bounds the negative log-likelihood of a stream of images, see <see cref="DiffusionCatalog.EvaluateLikelihood"/>.</summary>
    /// <param name="batches">Pixels and classes of at most a batch of images each; no classes are those of none.</param>
    /// <param name="numberOfBatches">How many there will be, for reports.</param>
    /// <param name="options">Validated.</param>
    internal BitsPerDimension EvaluateStream(IEnumerable<(IReadOnlyList<byte[]> Pixels, IReadOnlyList<int>? Labels)> batches, long numberOfBatches, LikelihoodOptions options)
    {
        var (model, seed) = (Model, Seeds.Resolve(_host, options.Seed));
        var timesteps = Likelihood.Choose(options.NumberOfTimesteps ?? Schedule.NumberOfTrainingTimesteps, Schedule.NumberOfTrainingTimesteps, seed);
        var sums = new LikelihoodSums(Schedule.NumberOfTrainingTimesteps, timesteps);
        var (images, calls) = (0, 0L);
        foreach (var (pixels, labels) in batches)
        {
            using var scope = NewDisposeScope();
            var classes = labels is null ? null : tensor([.. labels.Select(label => (long)label)], device: model.Device);
            var likelihood = LikelihoodOf(options, (xt, timestep, _) => model.Network.Forward(xt, tensor([(float)timestep], device: model.Device), classes));
            sums.Add(likelihood.Terms(PixelTensors.FromBytes(pixels, model.Description.Shape, model.Device), timesteps, seed, pixels.Count, _ => Report(calls++), images));
            images += pixels.Count;
        }

        options.Progress?.Report(1);
        return new BitsPerDimension(sums);

        void Report(long done)
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            options.Progress?.Report(Math.Min(1, (double)done / (numberOfBatches * timesteps.Length)));
        }
    }

    private Likelihood LikelihoodOf(LikelihoodOptions options, Func<Tensor, int, int, Tensor> network)
    {
        var variance = options.Variance ?? (Variance == ModelVariance.LearnedRange ? DdpmVariance.Learned : DdpmVariance.FixedLarge);
        return new Likelihood(new GaussianDiffusion(Schedule, Prediction), variance, options.Clipping, network);
    }
}
