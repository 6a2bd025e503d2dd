using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Draws the images between two ends.</summary>
internal sealed class Interpolator(DiffusionModel model, InterpolationOptions options, GenerationOptions generation, long seed)
{
    private readonly ImageGenerator _generator = new(model, generation, seed);

    /// <summary>Frames between two images, [2, C, H, W].</summary>
    public Tensor BetweenImages(Tensor images, int count)
    {
        if (options.Path == InterpolationPath.Spherical)
        {
            var latents = _generator.Encode(images, Labels(2));
            return Decode(latents[0], latents[1], count, Slerp.Spherical, _generator.Steps);
        }

        // The stochastic encoder q(x_t | x_0), with one noise for each end; a line between; the decoder with one noise for all frames.
        var depth = options.Depth ?? model.Description.Schedule.NumberOfTrainingTimesteps / 2;
        var steps = _generator.Steps.SkipWhile(step => step.Timestep > depth).ToList();
        if (steps.Count == 0)
        {
            steps.Add(_generator.Steps[^1]);
        }

        using var noise = new PerSampleNoise(seed, [-1, -2]);
        var alphaBar = steps[0].AlphaBar;
        var noised = (Math.Sqrt(alphaBar) * images) + (Math.Sqrt(1 - alphaBar) * noise.Next(images));
        return Decode(noised[0], noised[1], count, Slerp.Linear, steps);
    }

    /// <summary>Frames between the first images of two seeds.</summary>
    public Tensor BetweenSeeds(long seedA, long seedB, int count)
    {
        var like = zeros(model.Description.Shape.Batch(1), device: model.Device);
        using var noiseA = new PerSampleNoise(seedA, [0]);
        using var noiseB = new PerSampleNoise(seedB, [0]);
        return Decode(noiseA.Next(like)[0], noiseB.Next(like)[0], count, Slerp.Spherical, _generator.Steps);
    }

    private Tensor Decode(Tensor a, Tensor b, int count, Func<Tensor, Tensor, double, Tensor> path, IReadOnlyList<SamplingStep> steps)
    {
        var frames = stack([.. Enumerable.Range(0, count).Select(i => path(a, b, (double)i / (count - 1)))]);
        return _generator.Denoise(frames, [.. Enumerable.Repeat(0L, count)], Labels(count), steps);
    }

    private int[]? Labels(int count) => options.Label is { } label ? [.. Enumerable.Repeat(label, count)] : null;
}
