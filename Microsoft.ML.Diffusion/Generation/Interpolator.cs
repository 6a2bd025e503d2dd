using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Generates the images between two ends.</summary>
internal sealed class Interpolator(DiffusionModel model, InterpolationOptions options, GenerationOptions generation, long seed)
{
    private readonly ImageGenerator _generator = new(model, generation, seed);

    /// <summary>Where on the path each of <paramref name="count"/> frames is: from 0, the start, to 1, the end.</summary>
    public static IReadOnlyList<double> Alphas(int count) => [.. Enumerable.Range(0, count).Select(i => (double)i / (count - 1))];

    /// <summary>Frames between pairs of images, which follow each other, pair by pair.</summary>
    public Batch BetweenImages(Batch images, IReadOnlyList<double> alphas)
    {
        if (options.Path == InterpolationPath.Spherical)
        {
            var latents =
                _generator.Encode(
                    images,
                    options.Ends is { } ends
                        ? [.. Enumerable.Range(0, images.Count).Select(i => i % 2 == 0 ? ends.A : ends.B)]
                        : null);
            return Decode(Frames(latents, alphas, Slerp.Spherical), alphas, _generator.Steps);
        }

        // The stochastic encoder with one noise for each end; a line between; the decoder with one noise for all frames.
        var depth = options.Depth ?? model.Description.Schedule.NumberOfTrainingTimesteps / 2;
        var noised = _generator.AddNoise(images, depth, [.. Enumerable.Range(0, images.Count).Select(i => i % 2L)]);
        return Decode(Frames(noised, alphas, Slerp.Linear), alphas, _generator.StepsFrom(depth));
    }

    /// <summary>Frames between the first images of pairs of seeds, pair by pair.</summary>
    public Batch BetweenSeeds(IReadOnlyList<(long SeedA, long SeedB)> pairs, IReadOnlyList<double> alphas)
    {
        var ends = new Batch(2 * pairs.Count, model.Description.Shape.PixelCount);
        for (var i = 0; i < ends.Count; i++)
        {
            var (a, b) = pairs[i / 2];
            FirstNoise(i % 2 == 0 ? a : b).CopyTo(ends[i]);
        }

        return Decode(Frames(ends, alphas, Slerp.Spherical), alphas, _generator.Steps);
    }

    // What the first image of a seed starts from.
    private double[] FirstNoise(long seed) =>
        new PerSampleNoise(seed, [0], RandomStream.StartOfSample).Next(1, model.Description.Shape.PixelCount).Values;

    // Those of each pair of ends stand at the alphas.
    private static Batch Frames(Batch ends, IReadOnlyList<double> alphas, Path path) =>
        Batch.Create(ends.Count / 2 * alphas.Count, ends.Length, (frame, values) =>
        {
            var pair = frame / alphas.Count;
            path(ends[2 * pair], ends[(2 * pair) + 1], alphas[frame % alphas.Count]).CopyTo(values);
        });

    private Batch Decode(Batch frames, IReadOnlyList<double> alphas, IReadOnlyList<SamplingStep> steps)
    {
        if (options.Ends is { } ends && ends.A != ends.B)
        {
            double[] shares = [.. Enumerable.Range(0, frames.Count).Select(i => alphas[i % alphas.Count])];
            return new ClassPath(model, _generator, generation, seed).Denoise(frames, ends, shares, steps);
        }

        int[]? labels = options.Ends is { } both ? [.. Enumerable.Repeat(both.A, frames.Count)] : null;
        return _generator.Denoise(frames, new long[frames.Count], labels, steps);
    }

    private delegate double[] Path(ReadOnlySpan<double> start, ReadOnlySpan<double> end, double alpha);
}
