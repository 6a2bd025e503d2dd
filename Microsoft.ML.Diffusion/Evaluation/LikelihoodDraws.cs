using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

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
    /// <param name="like">[N, C, H, W].</param>
    public static Tensor Noise(long seed, IReadOnlyList<long> images, IReadOnlyList<int> timesteps, Tensor like) =>
        RandomTensors.Normals(
            new RandomNumbers(RandomStream.LikelihoodNoise, seed),
            images,
            i => timesteps[i],
            like.shape,
            like.dtype,
            like.device);
}
