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

    /// <summary>What the levels of images are spread over, and the probes of their traces; they depend on the seed and the image alone.</summary>
    /// <param name="seed">The seed of the evaluation.</param>
    /// <param name="images">The number of each image.</param>
    /// <param name="length">The numbers of an image.</param>
    /// <param name="probes">How many probes.</param>
    /// <returns>Numbers spread evenly over -1/2..1/2, and probes of -1 and 1.</returns>
    public static (Batch Spread, Batch[] Probes) Flow(long seed, IReadOnlyList<long> images, int length, int probes)
    {
        const long Draws = 1 << 20; // beyond all timesteps
        var numbers = new RandomNumbers(RandomStream.LikelihoodNoise, seed);
        var signs = Enumerable.Range(1, probes).Select(probe => Uniforms(probe, value => value < 0.5 ? -1 : 1));
        return (Uniforms(0, value => value - 0.5), [.. signs]);

        Batch Uniforms(long draw, Func<float, double> map) => Batch.Create(images.Count, length, (image, drawn) =>
        {
            var uniforms = new float[length];
            numbers.Uniforms(images[image], Draws + draw, uniforms);
            for (var i = 0; i < length; i++)
            {
                drawn[i] = map(uniforms[i]);
            }
        });
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
