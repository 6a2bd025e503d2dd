using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Generates the images between two ends.</summary>
internal sealed class Interpolator(DiffusionModel model, InterpolationOptions options, GenerationOptions generation, long seed)
{
    private readonly ImageGenerator _generator = new(model, generation, seed);

    /// <summary>Where on the path each of <paramref name="count"/> frames is: from 0, the start, to 1, the end.</summary>
    public static IReadOnlyList<double> Alphas(int count) => [.. Enumerable.Range(0, count).Select(i => (double)i / (count - 1))];

    /// <summary>Frames between pairs of images, [2P, C, H, W], pair by pair.</summary>
    public Tensor BetweenImages(Tensor images, IReadOnlyList<double> alphas)
    {
        if (options.Path == InterpolationPath.Spherical)
        {
            var latents =
                _generator.Encode(
                    images,
                    options.Ends is { } ends
                        ? [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => i % 2 == 0 ? ends.A : ends.B)]
                        : null);
            return Decode(latents, alphas, Slerp.Spherical, _generator.Steps);
        }

        // The stochastic encoder with one noise for each end; a line between; the decoder with one noise for all frames.
        var depth = options.Depth ?? model.Description.Schedule.NumberOfTrainingTimesteps / 2;
        var noised = cat([.. images.split(2).Select(pair => _generator.AddNoise(pair, depth))]);
        return Decode(noised, alphas, Slerp.Linear, _generator.StepsFrom(depth));
    }

    /// <summary>Frames between the first images of pairs of seeds, pair by pair.</summary>
    public Tensor BetweenSeeds(IReadOnlyList<(long SeedA, long SeedB)> pairs, IReadOnlyList<double> alphas)
    {
        var frames = pairs.SelectMany(pair =>
        {
            var (a, b) = (FirstNoise(pair.SeedA), FirstNoise(pair.SeedB));
            return alphas.Select(alpha => Slerp.Spherical(a, b, alpha));
        });
        return Decode([.. frames], alphas, _generator.Steps);
    }

    // What the first image of a seed starts from, [C, H, W].
    private Tensor FirstNoise(long seed)
    {
        var noise = new PerSampleNoise(seed, [0], RandomStream.StartOfSample);
        return noise.Next(zeros(model.Description.Shape.Batch(1), device: model.Device))[0];
    }

    private Tensor Decode(
        Tensor ends,
        IReadOnlyList<double> alphas,
        Func<Tensor, Tensor, double, Tensor> path,
        IReadOnlyList<SamplingStep> steps)
    {
        var frames =
            Enumerable.Range(0, (int)ends.shape[0] / 2).SelectMany(pair =>
                alphas.Select(alpha => path(ends[2 * pair], ends[(2 * pair) + 1], alpha)));
        return Decode([.. frames], alphas, steps);
    }

    // The frames of each pair stand at the alphas.
    private Tensor Decode(Tensor[] frames, IReadOnlyList<double> alphas, IReadOnlyList<SamplingStep> steps)
    {
        if (options.Ends is { } ends && ends.A != ends.B)
        {
            double[] shares = [.. frames.Select((_, i) => alphas[i % alphas.Count])];
            return new ClassPath(model, _generator, generation, seed).Denoise(stack(frames), ends, shares, steps);
        }

        int[]? labels = options.Ends is { } both ? [.. Enumerable.Repeat(both.A, frames.Length)] : null;
        return _generator.Denoise(stack(frames), [.. Enumerable.Repeat(0L, frames.Length)], labels, steps);
    }
}
