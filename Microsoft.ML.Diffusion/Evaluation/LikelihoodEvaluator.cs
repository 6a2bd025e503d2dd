using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Bounds the negative log-likelihood of images under a model.</summary>
/// <param name="model">The model.</param>
/// <param name="options">Validated.</param>
/// <param name="seed">The seed of the timesteps and the noise.</param>
/// <param name="batchSize">How many pairs of an image and a timestep go through the network together.</param>
internal sealed class LikelihoodEvaluator(DiffusionModel model, LikelihoodOptions options, long seed, int batchSize)
{
    private const double HalfRange = 127.5; // of 256 levels

    private readonly int[] _timesteps = LikelihoodDraws.Timesteps(
        options.NumberOfTimesteps ?? model.Description.Schedule.NumberOfTrainingTimesteps,
        model.Description.Schedule.NumberOfTrainingTimesteps,
        seed);

    /// <summary>The bound of images in memory.</summary>
    /// <param name="images">[N][C][H][W] in [-1, 1] on the 256 levels.</param>
    public LikelihoodMetrics Evaluate(Batch images)
    {
        var likelihood = Of(options.Labels);
        var sums = LikelihoodSums.Of(
            likelihood.Terms(images, _timesteps, seed, Pairs, done => Report(done, images.Count), options.FirstImage));
        foreach (var batch in Enumerable.Range(0, images.Count).Chunk(batchSize))
        {
            var labels = options.Labels is { } classes ? Array.ConvertAll(batch, image => classes[image]) : null;
            var done = ((long)images.Count * _timesteps.Length) + ((long)batch[0] * FlowCalls);
            AddFlow(sums, images.Select(batch), labels, options.FirstImage + batch[0], calls => Report(done + calls, images.Count));
        }

        options.Progress?.Report(1);
        return new LikelihoodMetrics(sums);
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
            var (batch, before) = (PixelBatches.FromBytes(pixels), images * (_timesteps.Length + FlowCalls));
            var first = options.FirstImage + images;
            sums.Add(Of(labels).Terms(batch, _timesteps, seed, Pairs, done => Report(before + done, numberOfImages), first));
            var bound = before + ((long)pixels.Count * _timesteps.Length);
            AddFlow(sums, batch, labels, first, calls => Report(bound + calls, numberOfImages));
            images += pixels.Count;
        }

        options.Progress?.Report(1);
        return new LikelihoodMetrics(sums);
    }

    // Of an image.
    private long FlowCalls => options.NumberOfFlowSteps is { } steps
        ? 2L * FlowLikelihood.Stages * steps * (options.NumberOfFlowProbes ?? model.Description.Shape.PixelCount)
        : 0;

    private void AddFlow(LikelihoodSums sums, Batch images, IReadOnlyList<int>? labels, long firstImage, Action<long> beforeCalls)
    {
        if (options.NumberOfFlowSteps is not { } steps)
        {
            return;
        }

        long[] numbers = [.. Enumerable.Range(0, images.Count).Select(image => firstImage + image)];
        var (spread, probes) = LikelihoodDraws.Flow(seed, numbers, images.Length, options.NumberOfFlowProbes ?? 0);
        var flow =
            new FlowLikelihood(
                model.Denoiser(labels, new GenerationOptions().Guidance, Clipping.None),
                new LevelTable(model.Description.Schedule),
                steps);
        var (evaluation, ofOne) = (0L, images.Count * FlowCalls / steps / FlowLikelihood.Stages);
        var densities = flow.LogDensities(
            Batch.Sum((1, images), (1 / HalfRange, spread)), // levels are 1 / HalfRange apart
            options.NumberOfFlowProbes is null ? null : probes,
            () => beforeCalls(ofOne * evaluation++));
        sums.AddFlow(densities.Select(density => (-density / images.Length / Math.Log(2)) + Math.Log2(HalfRange)));
    }

    private IEnumerable<FilledBatch> Pairs(int count) => model.Batches(count, Math.Min(batchSize, count));

    private void Report(long pairs, long images)
    {
        options.CancellationToken.ThrowIfCancellationRequested();
        options.Progress?.Report(Math.Min(1, (double)pairs / images / (_timesteps.Length + FlowCalls)));
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
