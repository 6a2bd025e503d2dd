using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What a training step draws for its batch: noise, timesteps, flips, dropped labels. Each image's follow from its number alone.</summary>
/// <param name="seed">The run's.</param>
/// <param name="firstSample">The number of the batch's first image among all that the run shows: step x BatchSize.</param>
/// <param name="trainingTimesteps">T.</param>
/// <param name="options">What there is to draw.</param>
internal sealed class StepDraws(long seed, long firstSample, int trainingTimesteps, TrainingOptions options)
{
    /// <summary>Standard normal noise, one for each image of [N, C, H, W].</summary>
    public Tensor Noise(long[] shape, Device device) =>
        RandomTensors.Normals(
            new(RandomStream.TrainingNoise, seed),
            [.. Enumerable.Range(0, (int)shape[0]).Select(i => firstSample + i)],
            0,
            shape,
            ScalarType.Float32,
            device);

    /// <summary>One timestep for each image.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">Probability of each timestep; null draws uniformly on 0..T-1.</param>
    public int[] Timesteps(int count, double[]? probabilities = null)
    {
        var cumulative = probabilities is null ? null : Cumulative(probabilities);
        var numbers = new RandomNumbers(RandomStream.TrainingTimesteps, seed);
        var timesteps = new int[count];
        for (var i = 0; i < count; i++)
        {
            var uniform = numbers.Uniform(firstSample + i);
            timesteps[i] = cumulative is null ? (int)(uniform * trainingTimesteps) : Find(cumulative, uniform * cumulative[^1]);
        }

        return timesteps;
    }

    /// <summary>Mirrors about half of the images, [N, C, H, W], left to right, if the options say so.</summary>
    public Tensor Flip(Tensor images)
    {
        if (!options.FlipHorizontally)
        {
            return images;
        }

        var numbers = new RandomNumbers(RandomStream.Flips, seed);
        var mirrored = new bool[images.shape[0]];
        for (var i = 0; i < mirrored.Length; i++)
        {
            mirrored[i] = numbers.Uniform(firstSample + i) < 0.5;
        }

        return where(tensor(mirrored, device: images.device).reshape(-1, 1, 1, 1), images.flip(3), images);
    }

    /// <summary>The labels of a batch, -1 where the image is shown without.</summary>
    public long[] Labels(int[] indices, IReadOnlyList<int> all)
    {
        var numbers = new RandomNumbers(RandomStream.LabelDropout, seed);
        return [.. indices.Select((index, i) => numbers.Uniform(firstSample + i) < options.LabelDropout ? -1L : all[index])];
    }

    private static double[] Cumulative(double[] probabilities)
    {
        var sum = 0.0;
        return Array.ConvertAll(probabilities, probability => sum += probability);
    }

    // The first entry above the value.
    private static int Find(double[] cumulative, double value)
    {
        var index = Array.BinarySearch(cumulative, value);
        return Math.Min(index >= 0 ? index + 1 : ~index, cumulative.Length - 1);
    }
}
