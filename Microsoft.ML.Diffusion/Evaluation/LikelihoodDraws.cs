using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>All that an evaluation of the likelihood draws.</summary>
internal static class LikelihoodDraws
{
    /// <summary>Timestep 0, whose term is the decoder's, and <paramref name="count"/> - 1 others, drawn from <see cref="TimestepStrata"/>; rising.</summary>
    public static int[] Timesteps(int count, int trainingTimesteps, long seed)
    {
        var drawn = 0;
        return [0, .. TimestepStrata.Draw(TimestepStrata.Of(count - 1, trainingTimesteps), () => (SeedMixing.Mix(seed, ++drawn) >> 11) * double.Exp2(-53))];
    }

    /// <summary>The noise of images at timesteps, which depends on the seed, the image and the timestep alone.</summary>
    /// <param name="seed">Of the evaluation.</param>
    /// <param name="images">The index of each image.</param>
    /// <param name="timesteps">The timestep of each image.</param>
    /// <param name="like">[N, C, H, W].</param>
    public static Tensor Noise(long seed, ReadOnlySpan<long> images, ReadOnlySpan<int> timesteps, Tensor like)
    {
        using var scope = NewDisposeScope();
        var parts = new Tensor[images.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            using var noise = new PerSampleNoise((long)SeedMixing.Mix(seed, ~(long)timesteps[i]), [images[i]]);
            parts[i] = noise.Next(like.narrow(0, i, 1));
        }

        return cat(parts).MoveToOuterDisposeScope();
    }
}
