using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Draws samples of a model in batches of one size.</summary>
/// <remarks>
/// The last batch is filled up with repetitions that are thrown away: float32 convolutions round differently for another batch
/// size, and an image must not depend on how many are asked for.
/// </remarks>
internal sealed class ImageGenerator(DiffusionModel model, GenerationOptions options, long seed)
{
    /// <summary>Draws samples from pure noise.</summary>
    /// <param name="samples">The index of each sample within the seed; its noise depends on nothing else.</param>
    /// <param name="labels">Class of each sample, -1 for none; null draws all without.</param>
    /// <returns>[N, C, H, W], on the model's device.</returns>
    public Tensor Generate(IReadOnlyList<long> samples, IReadOnlyList<int>? labels) =>
        Run(samples, labels, (noise, _) => noise.Next(zeros(model.Description.Shape.Batch(BatchSize), device: model.Device)), Steps);

    /// <summary>Denoises x from the noise level of the first step.</summary>
    /// <param name="start">x for each sample, [N, C, H, W].</param>
    /// <param name="samples">The index of each sample within the seed.</param>
    /// <param name="labels">As for <see cref="Generate"/>.</param>
    /// <param name="steps">The run.</param>
    public Tensor Denoise(Tensor start, IReadOnlyList<long> samples, IReadOnlyList<int>? labels, IReadOnlyList<SamplingStep> steps) =>
        Run(samples, labels, (_, batch) => start.index_select(0, tensor(batch, device: start.device)), steps);

    /// <summary>Walks images up to the noise that generates them.</summary>
    /// <param name="x0">Images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="labels">As for <see cref="Generate"/>.</param>
    /// <returns>x at the noisiest of the sampler's timesteps, [N, C, H, W].</returns>
    public Tensor Encode(Tensor x0, IReadOnlyList<int>? labels)
    {
        var steps = Steps;
        return InBatches((int)x0.shape[0], labels, (batch, classes) => DdimInversion.Encode(
            model.Denoiser(classes, options.GuidanceScale, Clipping.None), x0.index_select(0, tensor(batch, device: x0.device)), steps, options.CancellationToken));
    }

    /// <summary>The sampler's run from pure noise.</summary>
    public IReadOnlyList<SamplingStep> Steps => SamplingStep.Reverse(options.Sampler.Timesteps, model.Description.Schedule);

    private int BatchSize => options.BatchSizeOn(model.Device);

    private Tensor Run(IReadOnlyList<long> samples, IReadOnlyList<int>? labels, Func<PerSampleNoise, long[], Tensor> start, IReadOnlyList<SamplingStep> steps)
    {
        var (calls, done) = ((samples.Count + BatchSize - 1) / BatchSize * steps.Count, 0);
        return InBatches(samples.Count, labels, (batch, classes) =>
        {
            using var noise = new PerSampleNoise(seed, batch.Select(i => samples[(int)i]));
            return options.Sampler.Sample(
                model.Denoiser(classes, options.GuidanceScale, options.Sampler.Clipping),
                start(noise, batch),
                steps,
                noise,
                (i, x, predictedX0) =>
                {
                    Observe(batch, samples.Count, i, steps, x, predictedX0);
                    options.Progress?.Report((double)++done / calls);
                },
                options.CancellationToken);
        });
    }

    // The images that fill up the last batch are not shown.
    private void Observe(long[] batch, int count, int i, IReadOnlyList<SamplingStep> steps, Tensor x, Tensor predictedX0)
    {
        if (options.Observer is { } observer)
        {
            var taken = Math.Min(BatchSize, count - batch[0]);
            var snapshot = new SamplingSnapshot(i, steps, (int)batch[0], x.narrow(0, 0, taken), predictedX0.narrow(0, 0, taken), model.Description.Shape);
            try
            {
                observer(snapshot);
            }
            finally
            {
                snapshot.Close();
            }
        }
    }

    // Calls draw with the indices of each full batch, the last filled up with its first, and joins the results.
    private Tensor InBatches(int count, IReadOnlyList<int>? labels, Func<long[], Tensor?, Tensor> draw)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (var offset = 0; offset < count; offset += BatchSize)
        {
            using var batchScope = NewDisposeScope();
            var taken = Math.Min(BatchSize, count - offset);
            long[] batch = [.. Enumerable.Range(0, BatchSize).Select(i => (long)(offset + (i % taken)))];
            var classes = labels is null ? null : tensor(Array.ConvertAll(batch, i => (long)labels[(int)i]), device: model.Device);
            parts.Add(draw(batch, classes).narrow(0, 0, taken).MoveToOuterDisposeScope());
        }

        return cat(parts).MoveToOuterDisposeScope();
    }
}
