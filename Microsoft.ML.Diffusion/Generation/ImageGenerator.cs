using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Generates samples of a model in batches of one size.</summary>
/// <remarks>
/// An image must not depend on how many are asked for: where the network rounds differently for another batch size, as libtorch does, the last batch is
/// filled up with repetitions that are thrown away.
/// </remarks>
internal sealed class ImageGenerator(DiffusionModel model, GenerationOptions options, long seed)
{
    private readonly GenerationBatches _batches = new(options, model);

    /// <summary>The numbers within the seed of so many samples: they count from the options' first.</summary>
    public long[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => options.FirstImage + i)];

    /// <summary>Draws samples from pure noise; parameters as for <see cref="Pixels"/>.</summary>
    /// <returns>An image of each, the caller's to dispose.</returns>
    public MLImage[] Images(IReadOnlyList<long> samples, IReadOnlyList<int>? labels) =>
        Array.ConvertAll(Pixels(samples, labels), planes => ImagePixels.Create(planes, model.Description.Shape));

    /// <summary>Draws samples from pure noise. Of those of earlier batches only the pixels stay.</summary>
    /// <param name="samples">The index of each sample within the seed; its noise depends on nothing else.</param>
    /// <param name="labels">Class of each sample, -1 for none; null generates all without.</param>
    /// <returns>The planes of each, [C, H, W] in 0..255.</returns>
    public byte[][] Pixels(IReadOnlyList<long> samples, IReadOnlyList<int>? labels) =>
        PixelsOfSeeds([.. samples.Select(sample => (seed, sample))], labels);

    /// <summary>Draws samples of several seeds, each as if it were drawn alone.</summary>
    /// <param name="samples">The seed of each sample, which stands in place of the generator's, and its index within it.</param>
    /// <param name="labels">As for <see cref="Pixels"/>.</param>
    /// <returns>The planes of each, [C, H, W] in 0..255.</returns>
    public byte[][] PixelsOfSeeds(IReadOnlyList<(long Seed, long Index)> samples, IReadOnlyList<int>? labels)
    {
        PerSampleNoise Noise(RandomStream stream, int[] batch) => new(stream, batch.Select(i => samples[i]));
        var batches = Run(
            samples.Count,
            labels,
            batch => Noise(RandomStream.StartOfSample, batch).Next(batch.Length, model.Description.Shape.PixelCount),
            Steps,
            batch => Noise(RandomStream.StepOfSample, batch));
        return [.. batches.SelectMany(PixelBatches.ToBytes)];
    }

    /// <summary>Denoises x from the noise level of the first step.</summary>
    /// <param name="start">x for each sample.</param>
    /// <param name="samples">The index of each sample within the seed.</param>
    /// <param name="labels">As for <see cref="Pixels"/>.</param>
    /// <param name="steps">The run.</param>
    public Batch Denoise(Batch start, IReadOnlyList<long> samples, IReadOnlyList<int>? labels, IReadOnlyList<SamplingStep> steps) =>
        _batches.Join(start.Count, Run(
            samples.Count,
            labels,
            batch => start.Select(batch),
            steps,
            batch => NoiseOf(RandomStream.StepOfSample, batch.Select(i => samples[i]))));

    /// <summary>Denoises x from where <see cref="Encode"/> ends, sample i by the noise of the i-th of <see cref="Numbers"/>.</summary>
    /// <param name="start">x for each sample.</param>
    /// <param name="labels">As for <see cref="Pixels"/>.</param>
    /// <returns>The images.</returns>
    public Batch Denoise(Batch start, IReadOnlyList<int>? labels) => Denoise(start, Numbers(start.Count), labels, Steps);

    /// <summary>Denoises x from timestep t, sample i by the noise of the i-th of <see cref="Numbers"/>.</summary>
    /// <param name="timestep">t, which latents of levels between timesteps have fractional.</param>
    /// <param name="start">x_t for each sample.</param>
    /// <param name="labels">As for <see cref="Pixels"/>.</param>
    /// <returns>The images.</returns>
    public Batch DenoiseFrom(double timestep, Batch start, IReadOnlyList<int>? labels) =>
        Denoise(start, Numbers(start.Count), labels, StepsFrom(timestep));

    /// <summary>Walks images up to the noise that generates them.</summary>
    /// <param name="x0">Images in [-1, 1].</param>
    /// <param name="labels">As for <see cref="Pixels"/>.</param>
    /// <returns>x at the noisiest of the sampler's timesteps.</returns>
    public Batch Encode(Batch x0, IReadOnlyList<int>? labels)
    {
        var (steps, asked) = (Steps, (options.Sampler as DdimSampler)?.InversionLevel ?? InversionLevel.Lower);
        return InBatches(x0.Count, labels, (batch, classes) => DdimInversion.Encode(
            model.Denoiser(classes, options.Guidance, Clipping.None),
            x0.Select(batch),
            steps,
            model.Description.Schedule,
            asked,
            options.CancellationToken));
    }

    /// <summary>The noise that the first samples of the seed start from.</summary>
    /// <param name="count">How many.</param>
    /// <returns>x at the noisiest of the sampler's timesteps.</returns>
    public Batch Start(int count)
    {
        var noise = NoiseOf(RandomStream.StartOfSample, Enumerable.Range(0, count).Select(i => (long)i));
        return noise.Next(count, model.Description.Shape.PixelCount);
    }

    /// <summary>Draws x_t from q(x_t | x_0), the stochastic encoder.</summary>
    /// <param name="x0">Images in [-1, 1].</param>
    /// <param name="timestep">t, 0..T-1.</param>
    /// <param name="samples">The index of each image within the seed; null is <see cref="Numbers"/>.</param>
    /// <returns>x_t.</returns>
    public Batch AddNoise(Batch x0, int timestep, long[]? samples = null) =>
        NoiseLevel.Noised(
            x0,
            NoiseOf(RandomStream.AddedNoise, samples ?? Numbers(x0.Count)).Next(x0),
            model.Description.Schedule.AlphaBar(timestep));

    /// <summary>Paints a part of images anew.</summary>
    /// <param name="original">Images in [-1, 1].</param>
    /// <param name="painted">Where to paint, true or false for each number of each image.</param>
    /// <param name="labels">As for <see cref="Pixels"/>.</param>
    /// <param name="resamplings">How often each part of the run but the last step is taken.</param>
    /// <param name="jumpLength">The number of steps of such a part.</param>
    /// <returns>The images.</returns>
    public Batch Inpaint(Batch original, IReadOnlyList<bool[]> painted, IReadOnlyList<int>? labels, int resamplings, int jumpLength)
    {
        var (steps, numbers) = (Steps, Numbers(original.Count));
        var run = new Inpainting(options.Sampler, steps, resamplings, jumpLength);
        var watch = _batches.Watch(original.Count, steps, run.NumberOfSteps);
        return InBatches(original.Count, labels, (batch, classes) =>
        {
            var samples = Array.ConvertAll(batch, i => numbers[i]);
            var noise = new NoiseFromStart(NoiseOf(RandomStream.StartOfSample, samples), NoiseOf(RandomStream.Inpainting, samples));
            using var measured = Measured(batch, original.Count, run.NumberOfSteps);
            var x = run.Sample(
                model.Denoiser(classes, options.Guidance, options.Sampler.Clipping),
                original.Select(batch),
                Array.ConvertAll(batch, i => painted[i]),
                noise,
                watch(batch),
                options.CancellationToken);
            measured.Done();
            return x;
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

    private PerSampleNoise NoiseOf(RandomStream stream, IEnumerable<long> samples) => new(seed, samples, stream);

    private IEnumerable<Batch> Run(
        int count,
        IReadOnlyList<int>? labels,
        Func<int[], Batch> start,
        IReadOnlyList<SamplingStep> steps,
        Func<int[], NoiseSource> noise)
    {
        var watch = _batches.Watch(count, steps, steps.Count);
        return _batches.Generate(count, labels, (batch, classes) =>
        {
            using var measured = Measured(batch, count, steps.Count);
            var x = options.Sampler.Sample(
                model.Denoiser(classes, options.Guidance, options.Sampler.Clipping),
                start(batch),
                steps,
                noise(batch),
                watch(batch),
                options.CancellationToken);
            measured.Done();
            return x;
        });
    }

    // Of all images the last batch has what is left.
    private MeasuredBatch Measured(int[] batch, int count, int steps) =>
        MeasuredBatch.Start(options.Sampler, steps, Math.Min(batch.Length, count - batch[0]));

    /// <summary>Calls generate with the indices and classes of each batch, and joins the results.</summary>
    internal Batch InBatches(int count, IReadOnlyList<int>? labels, Func<int[], IReadOnlyList<int>?, Batch> generate) =>
        _batches.Join(count, _batches.Generate(count, labels, generate));
}
