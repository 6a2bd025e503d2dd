using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Generates samples of a model in batches of one size.</summary>
/// <remarks>
/// The last batch is filled up with repetitions that are thrown away: float32 convolutions round differently for another batch
/// size, and an image must not depend on how many are asked for.
/// </remarks>
internal sealed class ImageGenerator(DiffusionModel model, GenerationOptions options, long seed)
{
    /// <summary>Draws samples from pure noise; parameters as for <see cref="Generate"/>.</summary>
    /// <returns>An image of each, the caller's to dispose.</returns>
    public MLImage[] Images(IReadOnlyList<long> samples, IReadOnlyList<int>? labels)
    {
        using var scope = NewDisposeScope();
        return PixelTensors.ToImages(Generate(samples, labels), model.Description.Shape);
    }

    /// <summary>Draws samples from pure noise.</summary>
    /// <param name="samples">The index of each sample within the seed; its noise depends on nothing else.</param>
    /// <param name="labels">Class of each sample, -1 for none; null generates all without.</param>
    /// <returns>[N, C, H, W], on the model's device.</returns>
    public Tensor Generate(IReadOnlyList<long> samples, IReadOnlyList<int>? labels) =>
        Run(
            samples,
            labels,
            batch => NoiseOf(RandomStream.StartOfSample, batch.Select(i => samples[(int)i])).Next(zeros(
                model.Description.Shape.Batch(BatchSize),
                device: model.Device)),
            Steps);

    /// <summary>Denoises x from the noise level of the first step.</summary>
    /// <param name="start">x for each sample, [N, C, H, W].</param>
    /// <param name="samples">The index of each sample within the seed.</param>
    /// <param name="labels">As for <see cref="Generate"/>.</param>
    /// <param name="steps">The run.</param>
    public Tensor Denoise(Tensor start, IReadOnlyList<long> samples, IReadOnlyList<int>? labels, IReadOnlyList<SamplingStep> steps) =>
        Run(samples, labels, batch => start.index_select(0, tensor(batch, device: start.device)), steps);

    /// <summary>Denoises x from where <see cref="Encode"/> ends, sample i by the noise of index i.</summary>
    /// <param name="start">x for each sample, [N, C, H, W].</param>
    /// <param name="labels">As for <see cref="Generate"/>.</param>
    /// <returns>[N, C, H, W].</returns>
    public Tensor Denoise(Tensor start, IReadOnlyList<int>? labels) => Denoise(start, Indices(start), labels, Steps);

    /// <summary>Denoises x from timestep t, sample i by the noise of index i.</summary>
    /// <param name="timestep">t, which latents of levels between timesteps have fractional.</param>
    /// <param name="start">x_t for each sample, [N, C, H, W].</param>
    /// <param name="labels">As for <see cref="Generate"/>.</param>
    /// <returns>[N, C, H, W].</returns>
    public Tensor DenoiseFrom(double timestep, Tensor start, IReadOnlyList<int>? labels) =>
        Denoise(start, Indices(start), labels, StepsFrom(timestep));

    /// <summary>Walks images up to the noise that generates them.</summary>
    /// <param name="x0">Images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="labels">As for <see cref="Generate"/>.</param>
    /// <returns>x at the noisiest of the sampler's timesteps, [N, C, H, W].</returns>
    public Tensor Encode(Tensor x0, IReadOnlyList<int>? labels)
    {
        var (steps, asked) = (Steps, (options.Sampler as DdimSampler)?.InversionLevel ?? InversionLevel.Lower);
        return InBatches((int)x0.shape[0], labels, (batch, classes) => DdimInversion.Encode(
            model.Denoiser(classes, options.Guidance, Clipping.None),
            x0.index_select(0, tensor(batch, device: x0.device)),
            steps,
            model.Description.Schedule,
            asked,
            options.CancellationToken));
    }

    /// <summary>Draws x_t from q(x_t | x_0), the stochastic encoder.</summary>
    /// <param name="x0">Images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="timestep">t, 0..T-1.</param>
    /// <returns>x_t, [N, C, H, W].</returns>
    public Tensor AddNoise(Tensor x0, int timestep)
    {
        var noise = NoiseOf(RandomStream.AddedNoise, Enumerable.Range(0, (int)x0.shape[0]).Select(i => (long)i));
        return NoiseLevel.Noised(x0, noise.Next(x0), model.Description.Schedule.AlphaBar(timestep));
    }

    /// <summary>Paints a part of images anew.</summary>
    /// <param name="original">Images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="painted">Where to paint, true or false, [N, 1, H, W].</param>
    /// <param name="labels">As for <see cref="Generate"/>.</param>
    /// <param name="resamplings">How often each part of the run but the last step is taken.</param>
    /// <param name="jumpLength">The number of steps of such a part.</param>
    /// <returns>[N, C, H, W].</returns>
    public Tensor Inpaint(Tensor original, Tensor painted, IReadOnlyList<int>? labels, int resamplings, int jumpLength)
    {
        var steps = Steps;
        var run = new Inpainting(options.Sampler, steps, resamplings, jumpLength);
        var report = Reporter((int)original.shape[0], run.NumberOfSteps);
        return InBatches((int)original.shape[0], labels, (batch, classes) =>
        {
            var noise = new NoiseFromStart(NoiseOf(RandomStream.StartOfSample, batch), NoiseOf(RandomStream.Inpainting, batch));
            var indices = tensor(batch, device: model.Device);
            return run.Sample(
                model.Denoiser(classes, options.Guidance, options.Sampler.Clipping),
                original.index_select(0, indices),
                painted.index_select(0, indices),
                noise,
                Watch(batch, (int)original.shape[0], steps, report),
                options.CancellationToken);
        });
    }

    /// <summary>The sampler's run from pure noise.</summary>
    public IReadOnlyList<SamplingStep> Steps => SamplingStep.Reverse(options.Sampler.Timesteps, model.Description.Schedule);

    /// <summary>The noisiest of the run's timesteps, where <see cref="Encode"/> ends: fractional where levels lie between timesteps.</summary>
    public double HighestTimestep => Steps[0].Timestep;

    /// <summary>The sampler's run from timestep t, on through those of its timesteps that lie below.</summary>
    public IReadOnlyList<SamplingStep> StepsFrom(double timestep)
    {
        const double Near = 1e-6; // times between the timesteps are computed
        var steps = Steps.SkipWhile(step => step.Timestep > timestep + Near).ToList();
        if (steps.Count == 0 || steps[0].Timestep < timestep - Near)
        {
            var alphaBar = new LevelTable(model.Description.Schedule).AlphaBar(timestep);
            steps.Insert(0, new SamplingStep(timestep, alphaBar, steps.Count > 0 ? steps[0].AlphaBar : 1, AddsNoise: steps.Count > 0));
        }

        return steps;
    }

    private static long[] Indices(Tensor samples) => [.. Enumerable.Range(0, (int)samples.shape[0])];

    private PerSampleNoise NoiseOf(RandomStream stream, IEnumerable<long> samples) => new(seed, samples, stream);

    private int BatchSize => options.BatchSizeFor(model);

    private Tensor Run(
        IReadOnlyList<long> samples,
        IReadOnlyList<int>? labels,
        Func<long[], Tensor> start,
        IReadOnlyList<SamplingStep> steps)
    {
        var report = Reporter(samples.Count, steps.Count);
        return InBatches(samples.Count, labels, (batch, classes) =>
        {
            return options.Sampler.Sample(
                model.Denoiser(classes, options.Guidance, options.Sampler.Clipping),
                start(batch),
                steps,
                NoiseOf(RandomStream.StepOfSample, batch.Select(i => samples[(int)i])),
                Watch(batch, samples.Count, steps, report),
                options.CancellationToken);
        });
    }

    // Reports the share of steps done, each time that it is called.
    private Action Reporter(int samples, int stepsOfBatch)
    {
        var (steps, done) = ((samples + BatchSize - 1) / BatchSize * stepsOfBatch, 0);
        return () => options.Progress?.Report((double)++done / steps);
    }

    // What is called after each step of a batch. The images that fill up the last batch are not shown.
    private Action<int, Tensor, Tensor> Watch(
        long[] batch,
        int count,
        IReadOnlyList<SamplingStep> steps,
        Action report) => (i, x, predictedX0) =>
    {
        if (options.Observer is { } observer)
        {
            var taken = Math.Min(BatchSize, count - batch[0]);
            var snapshot =
                new SamplingSnapshot(
                    i,
                    steps,
                    (int)batch[0],
                    x.narrow(0, 0, taken),
                    predictedX0.narrow(0, 0, taken),
                    model.Description.Shape);
            try
            {
                observer(snapshot);
            }
            finally
            {
                snapshot.Close();
            }
        }

        report();
    };

    /// <summary>Calls generate with the indices and classes of each full batch, the last filled up with its first, and joins the results.</summary>
    internal Tensor InBatches(int count, IReadOnlyList<int>? labels, Func<long[], Tensor?, Tensor> generate)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        foreach (var (places, taken) in FilledBatch.Of(count, BatchSize))
        {
            using var batchScope = NewDisposeScope();
            var batch = Array.ConvertAll(places, place => (long)place);
            var classes = labels is null ? null : tensor(Array.ConvertAll(batch, i => (long)labels[(int)i]), device: model.Device);
            parts.Add(generate(batch, classes).narrow(0, 0, taken).MoveToOuterDisposeScope());
        }

        return cat(parts).MoveToOuterDisposeScope();
    }
}
