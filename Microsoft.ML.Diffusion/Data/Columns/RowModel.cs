using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>
/// Computes the outputs of at most one batch of rows, each from its own row alone: the batch is filled up to one size where the network needs it, see
/// <see cref="ImageGenerator"/>.
/// </summary>
/// <param name="model">The network and what it is.</param>
/// <param name="generation">How images are generated.</param>
/// <param name="seed">The seed of generation.</param>
/// <param name="columns">How input images are looked at.</param>
/// <param name="hasLabels">Whether rows have classes: no class of any row is not quite the same as a class of none, whose zero is added.</param>
internal sealed class RowModel(DiffusionModel model, GenerationOptions generation, long seed, OutputColumnOptions columns, bool hasLabels)
{
    // Guidance would push the encoder and the decoder off the path that leads back to the image.
    private readonly ImageGenerator _encoder =
        new(
            model,
            generation with
            {
                Sampler = columns.EncodingSamplerOf(model.Description.Schedule, generation),
                GuidanceScale = 1,
                Progress = null,
                Observer = null,
            },
            seed);

    public ImageShape Shape => model.Description.Shape;

    private NoiseSchedule Schedule => model.Description.Schedule;

    /// <summary>Generates the sample of each row's seed and class, [C, H, W] in 0..255.</summary>
    public IReadOnlyList<byte[]> Generate(IReadOnlyList<RowInput> rows)
    {
        using var share = model.Use();
        return new ImageGenerator(model, generation, seed).Pixels([.. rows.Select(row => row.Seed)], Labels(rows));
    }

    /// <summary>Finds the noise of each row's image, [C, H, W].</summary>
    public IReadOnlyList<float[]> Encode(IReadOnlyList<RowInput> rows) =>
        Compute(rows, () => _encoder.Encode(Images(rows), Labels(rows)));

    /// <summary>Denoises what <see cref="Encode"/> gave.</summary>
    public IReadOnlyList<float[]> Decode(IReadOnlyList<float[]> noise, IReadOnlyList<RowInput> rows) =>
        Compute(
            rows,
            () => _encoder.Denoise(Joined(noise), Labels(rows)));

    /// <summary>Rounds values in [-1, 1] to 256 levels.</summary>
    public static IReadOnlyList<byte[]> ToPixels(IReadOnlyList<float[]> images) => PixelBatches.ToBytes(Joined(images));

    /// <summary>Estimates the bound of each row's image, with the same timesteps and noise for each.</summary>
    public IReadOnlyList<float> BitsPerDimension(IReadOnlyList<RowInput> rows)
    {
        if (rows.Count == 0)
        {
            return [];
        }

        using var share = model.Use();
        var (filled, description) = (Filled(rows), model.Description);
        var (x0, labels) = (PixelBatches.FromBytes([.. filled.Select(row => row.Pixels!)]), Labels(filled));
        var timesteps = LikelihoodDraws.Timesteps(columns.LikelihoodTimestepsOf(Schedule), Schedule.NumberOfTrainingTimesteps, seed: 0);
        var likelihood =
            new Likelihood(
                new GaussianDiffusion(Schedule, description.Prediction),
                description.Variance.OfSteps,
                Clipping.Static(),
                (xt, times, _) => model.Calls.Predict(xt, times, labels));

        var prior = likelihood.Prior(x0);
        var terms = timesteps.Select(timestep =>
        {
            generation.CancellationToken.ThrowIfCancellationRequested();
            return likelihood.Term(x0, EqualNoise(x0.Count, timestep), [.. Enumerable.Repeat(timestep, filled.Length)], []).Bits;
        }).ToList();
        var bits = new LikelihoodMetrics(new LikelihoodTerms(Schedule.NumberOfTrainingTimesteps, timesteps, prior, terms[0], terms[1..]));
        return [.. bits.PerImage.Take(rows.Count).Select(value => (float)value)];
    }

    /// <summary>Takes the features of each row's image.</summary>
    public IReadOnlyList<float[]> Bottleneck(IReadOnlyList<RowInput> rows) => Compute(rows, () =>
    {
        var (filled, timestep) = (Filled(rows), columns.LatentTimestepOf(Schedule));
        var x0 = Images(filled);
        var noise = new PerSampleNoise(seed: 0, new long[filled.Length], RandomStream.LikelihoodNoise, firstDraw: timestep).Next(x0);
        return model.Calls.Bottleneck(NoiseLevel.Noised(x0, noise, Schedule.AlphaBar(timestep)), timestep, Labels(filled)).Take(rows.Count);
    });

    // The noise of the first image of seed 0 at a timestep, for each image: that of an image judged alone.
    private Batch EqualNoise(int images, int timestep) =>
        LikelihoodDraws.Noise(seed: 0, new long[images], [.. Enumerable.Repeat(timestep, images)], Shape.PixelCount);

    private IReadOnlyList<float[]> Compute(IReadOnlyList<RowInput> rows, Func<Batch> compute)
    {
        if (rows.Count == 0)
        {
            return [];
        }

        using var share = model.Use();
        var values = compute();
        return [.. values.ToSingle().Chunk(values.Length)];
    }

    private RowInput[] Filled(IReadOnlyList<RowInput> rows) =>
        [.. model.Batches(rows.Count, generation.BatchSizeFor(model)).Single().Places.Select(place => rows[place])];

    private static Batch Images(IReadOnlyList<RowInput> rows) => PixelBatches.FromBytes([.. rows.Select(row => row.Pixels!)]);

    private static Batch Joined(IReadOnlyList<float[]> images) => Batch.Of(images.SelectMany(values => values).ToArray(), images.Count);

    private int[]? Labels(IReadOnlyList<RowInput> rows) => hasLabels ? [.. rows.Select(row => row.Label)] : null;
}
