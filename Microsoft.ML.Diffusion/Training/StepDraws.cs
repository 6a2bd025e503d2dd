using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>What a training step draws besides its noise: timesteps, flips, dropped labels.</summary>
internal sealed class StepDraws(ulong seed, int trainingTimesteps, TrainingOptions options)
{
    private long _draw;

    /// <summary>One timestep for each image.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">Probability of each timestep; null draws uniformly on 0..T-1.</param>
    public int[] Timesteps(int count, double[]? probabilities = null)
    {
        var cumulative = probabilities is null ? null : Cumulative(probabilities);
        var timesteps = new int[count];
        for (var i = 0; i < count; i++)
        {
            timesteps[i] = cumulative is null ? (int)(Uniform() * trainingTimesteps) : Find(cumulative, Uniform() * cumulative[^1]);
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

        var mirrored = new bool[images.shape[0]];
        for (var i = 0; i < mirrored.Length; i++)
        {
            mirrored[i] = Uniform() < 0.5;
        }

        return where(tensor(mirrored, device: images.device).reshape(-1, 1, 1, 1), images.flip(3), images);
    }

    /// <summary>The labels of a batch, -1 where the image is shown without.</summary>
    public long[] Labels(int[] indices, IReadOnlyList<int> all) =>
        Array.ConvertAll(indices, index => Uniform() < options.LabelDropout ? -1L : all[index]);

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

    // In [0, 1), with 53 random bits.
    private double Uniform() => (SeedMixing.Mix((long)seed, _draw++) >> 11) * (1.0 / (1UL << 53));
}
