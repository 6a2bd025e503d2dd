using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Calls a network on images at timesteps of their own.</summary>
/// <param name="xt">x_t, [N][C][H][W].</param>
/// <param name="timesteps">N timesteps.</param>
/// <param name="images">The index of each image among those judged.</param>
/// <returns>The network's output, [N][C][H][W], or [N][2C][H][W] for a learned variance.</returns>
internal delegate Batch LikelihoodNetwork(Batch xt, int[] timesteps, int[] images);

/// <summary>Computes the terms of the bound on the likelihood of images.</summary>
/// <param name="diffusion">The forward process, and what the network predicts of it.</param>
/// <param name="variance">The variance of the model's steps.</param>
/// <param name="clipping">What happens to a predicted x_0 outside the range of images.</param>
/// <param name="network">The network.</param>
internal sealed class Likelihood(GaussianDiffusion diffusion, DdpmVariance variance, Clipping clipping, LikelihoodNetwork network)
{
    private readonly ReverseProcess _reverse = new(diffusion, variance);

    /// <summary>The terms of all images at <paramref name="timesteps"/>, several timesteps of an image in one network call where there are few images.</summary>
    /// <param name="images">[N][C][H][W] in [-1, 1] on the 256 levels.</param>
    /// <param name="timesteps">Rising from 0.</param>
    /// <param name="seed">The seed of the noise.</param>
    /// <param name="batches">Cuts so many pairs of an image and a timestep into those that go through the network together.</param>
    /// <param name="beforeCall">Called before each network call with the number of pairs done.</param>
    /// <param name="firstImage">The index of the first image, which decides its noise.</param>
    public LikelihoodTerms Terms(
        Batch images,
        IReadOnlyList<int> timesteps,
        long seed,
        Func<int, IEnumerable<FilledBatch>> batches,
        Action<int> beforeCall,
        long firstImage = 0)
    {
        var count = images.Count;
        var (pairs, terms) = (checked(count * timesteps.Count), timesteps.Select(_ => new double[count]).ToArray());
        foreach (var (batch, taken) in batches(pairs))
        {
            beforeCall(batch[0]);
            var chosen = Array.ConvertAll(batch, pair => pair % count);
            var times = Array.ConvertAll(batch, pair => timesteps[pair / count]);
            var noise =
                LikelihoodDraws.Noise(seed, Array.ConvertAll(chosen, image => firstImage + image), times, images.Length);
            var bits = Term(images.Select(chosen), noise, times, chosen).Bits;
            for (var i = 0; i < taken; i++)
            {
                terms[batch[i] / count][chosen[i]] = bits[i];
            }
        }

        return new LikelihoodTerms(
            diffusion.Schedule.NumberOfTrainingTimesteps,
            timesteps,
            Prior(images),
            terms[0],
            terms[1..]);
    }

    /// <summary>The term L_T of each image, in bits per dimension.</summary>
    /// <param name="images">As for <see cref="Terms"/>.</param>
    public double[] Prior(Batch images) =>
        [.. Enumerable.Range(0, images.Count).Select(image => VariationalBound.Prior(diffusion, images[image]))];

    /// <summary>The term of a timestep for each image, in bits per dimension, and the x_0 that the network sees there.</summary>
    /// <param name="x0">[N][C][H][W].</param>
    /// <param name="noise">[N][C][H][W].</param>
    /// <param name="timesteps">N timesteps.</param>
    /// <param name="images">What the network is told of the images.</param>
    public (double[] Bits, Batch OriginalSample) Term(Batch x0, Batch noise, int[] timesteps, int[] images)
    {
        var xt = diffusion.AddNoise(x0, noise, timesteps);
        var output = network(xt, timesteps, images);
        var original = clipping.Apply(_reverse.Originals(xt, output, timesteps));
        var bits = new double[x0.Count];
        HostThreads.ForEach(
            x0.Count,
            x0.Length,
            image => bits[image] =
                VariationalBound.Term(_reverse.At(timesteps[image]), x0[image], xt[image], original[image], output[image]));
        return (bits, original);
    }
}
