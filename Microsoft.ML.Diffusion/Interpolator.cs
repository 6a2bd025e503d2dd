using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Draws the images between two ends.</summary>
internal sealed class Interpolator(DiffusionModel model, InterpolationOptions options, GenerationOptions generation, long seed)
{
    private readonly ImageGenerator _generator = new(model, generation, seed);

    /// <summary>Where on the path each of <paramref name="count"/> frames is: from 0, the start, to 1, the end.</summary>
    public static IReadOnlyList<double> Alphas(int count) => [.. Enumerable.Range(0, count).Select(i => (double)i / (count - 1))];

    /// <summary>Frames between two images, [2, C, H, W].</summary>
    public Tensor BetweenImages(Tensor images, IReadOnlyList<double> alphas)
    {
        if (options.Path == InterpolationPath.Spherical)
        {
            var latents = _generator.Encode(images, Labels(2));
            return Decode(latents[0], latents[1], alphas, Slerp.Spherical, _generator.StepsFrom(_generator.HighestTimestep));
        }

        // The stochastic encoder with one noise for each end; a line between; the decoder with one noise for all frames.
        var depth = options.Depth ?? model.Description.Schedule.NumberOfTrainingTimesteps / 2;
        var noised = _generator.AddNoise(images, depth);
        return Decode(noised[0], noised[1], alphas, Slerp.Linear, _generator.StepsFrom(depth));
    }

    /// <summary>Frames between the first images of pairs of seeds, pair by pair.</summary>
    public Tensor BetweenSeeds(IReadOnlyList<(long SeedA, long SeedB)> pairs, IReadOnlyList<double> alphas)
    {
        var frames = pairs.SelectMany(pair =>
        {
            var (a, b) = (FirstNoise(pair.SeedA), FirstNoise(pair.SeedB));
            return alphas.Select(alpha => Slerp.Spherical(a, b, alpha));
        });
        return Decode([.. frames], _generator.Steps);
    }

    // What the first image of a seed starts from, [C, H, W].
    private Tensor FirstNoise(long seed)
    {
        var noise = new PerSampleNoise(seed, [0], RandomStream.StartOfSample);
        return noise.Next(zeros(model.Description.Shape.Batch(1), device: model.Device))[0];
    }

    private Tensor Decode(Tensor a, Tensor b, IReadOnlyList<double> alphas, Func<Tensor, Tensor, double, Tensor> path, IReadOnlyList<SamplingStep> steps) =>
        Decode([.. alphas.Select(alpha => path(a, b, alpha))], steps);

    private Tensor Decode(Tensor[] frames, IReadOnlyList<SamplingStep> steps) =>
        _generator.Denoise(stack(frames), [.. Enumerable.Repeat(0L, frames.Length)], Labels(frames.Length), steps);

    private int[]? Labels(int count) => options.Label is { } label ? [.. Enumerable.Repeat(label, count)] : null;
}
