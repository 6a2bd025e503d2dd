using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>All that an evaluation of the likelihood draws.</summary>
internal static class LikelihoodDraws
{
    /// <summary>Timestep 0, whose term is the decoder's, and <paramref name="count"/> - 1 others, drawn from <see cref="TimestepStrata"/>; rising.</summary>
    public static int[] Timesteps(int count, int trainingTimesteps, long seed)
    {
        var (numbers, drawn) = (new RandomNumbers(RandomStream.LikelihoodTimesteps, seed), 0);
        return [0, .. TimestepStrata.Draw(TimestepStrata.Of(count - 1, trainingTimesteps), () => numbers.Uniform(drawn++))];
    }

    /// <summary>The noise of images at timesteps, which depends on the seed, the image and the timestep alone.</summary>
    /// <param name="seed">The seed of the evaluation.</param>
    /// <param name="images">The number of each image.</param>
    /// <param name="timesteps">The timestep of each image.</param>
    /// <param name="length">The numbers of an image.</param>
    public static Batch Noise(long seed, IReadOnlyList<long> images, IReadOnlyList<int> timesteps, int length)
    {
        var numbers = new RandomNumbers(RandomStream.LikelihoodNoise, seed);
        var noise = new float[checked(images.Count * length)];
        HostThreads.ForEach(
            images.Count,
            length,
            i => numbers.Normals(images[i], timesteps[i], noise.AsSpan(i * length, length)));
        return Batch.Of(noise, images.Count);
    }
}
