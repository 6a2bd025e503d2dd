using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Bounds the negative log-likelihood of images under a model.</summary>
/// <param name="model">The model.</param>
/// <param name="options">Validated.</param>
/// <param name="seed">The seed of the timesteps and the noise.</param>
/// <param name="batchSize">How many pairs of an image and a timestep go through the network together.</param>
internal sealed class LikelihoodEvaluator(DiffusionModel model, LikelihoodOptions options, long seed, int batchSize)
{
    private readonly int[] _timesteps = LikelihoodDraws.Timesteps(
        options.NumberOfTimesteps ?? model.Description.Schedule.NumberOfTrainingTimesteps,
        model.Description.Schedule.NumberOfTrainingTimesteps,
        seed);

    /// <summary>The bound of images in memory.</summary>
    /// <param name="images">[N][C][H][W] in [-1, 1] on the 256 levels.</param>
    public LikelihoodMetrics Evaluate(Batch images)
    {
        var terms = Of(options.Labels).Terms(images, _timesteps, seed, Pairs, done => Report(done, images.Count));
        options.Progress?.Report(1);
        return new LikelihoodMetrics(terms);
    }

    /// <summary>The bound of a stream of images.</summary>
    /// <param name="batches">Pixels and classes of at most a batch of images each; no classes are those of none.</param>
    /// <param name="numberOfImages">How many there will be, for reports.</param>
    public LikelihoodMetrics Evaluate(IEnumerable<(IReadOnlyList<byte[]> Pixels, IReadOnlyList<int>? Labels)> batches, long numberOfImages)
    {
        var sums = new LikelihoodSums(model.Description.Schedule.NumberOfTrainingTimesteps, _timesteps);
        var images = 0L;
        foreach (var (pixels, labels) in batches)
        {
            sums.Add(
                Of(labels).Terms(
                    PixelBatches.FromBytes(pixels),
                    _timesteps,
                    seed,
                    Pairs,
                    done => Report((images * _timesteps.Length) + done, numberOfImages),
                    images));
            images += pixels.Count;
        }

        options.Progress?.Report(1);
        return new LikelihoodMetrics(sums);
    }

    private IEnumerable<FilledBatch> Pairs(int count) => model.Batches(count, Math.Min(batchSize, count));

    private void Report(long pairs, long images)
    {
        options.CancellationToken.ThrowIfCancellationRequested();
        options.Progress?.Report(Math.Min(1, (double)pairs / images / _timesteps.Length));
    }

    private Likelihood Of(IReadOnlyList<int>? labels)
    {
        var description = model.Description;
        var variance = options.Variance ?? description.Variance.OfSteps;
        return new Likelihood(
            new GaussianDiffusion(description.Schedule, description.Prediction),
            variance,
            options.Clipping,
            (xt, timesteps, images) =>
                model.Calls.Predict(xt, timesteps, labels is null ? null : Array.ConvertAll(images, image => labels[image])));
    }
}
