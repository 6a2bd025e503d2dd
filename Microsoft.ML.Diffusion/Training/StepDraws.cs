using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>What a training step draws besides its noise: timesteps, flips, dropped labels.</summary>
internal sealed class StepDraws(ulong seed, int trainingTimesteps, TrainingOptions options)
{
    private long _draw;

    /// <summary>One timestep for each image, uniform on 0..T-1.</summary>
    public int[] Timesteps(int count)
    {
        var timesteps = new int[count];
        for (var i = 0; i < count; i++)
        {
            timesteps[i] = (int)(Uniform() * trainingTimesteps);
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

    // In [0, 1), with 53 random bits.
    private double Uniform() => (SeedMixing.Mix((long)seed, _draw++) >> 11) * (1.0 / (1UL << 53));
}
