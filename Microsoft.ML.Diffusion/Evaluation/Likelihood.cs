using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Computes the terms of the bound on the likelihood of images.</summary>
/// <param name="diffusion">The forward process, and what the network predicts of it.</param>
/// <param name="variance">The variance of the model's steps.</param>
/// <param name="clipping">What happens to a predicted x_0 outside the range of images.</param>
/// <param name="network">Maps x_t [N, C, H, W] and a timestep to the network's output, the first image having the index given last.</param>
internal sealed class Likelihood(GaussianDiffusion diffusion, DdpmVariance variance, Clipping clipping, Func<Tensor, int, int, Tensor> network)
{
    private readonly ReverseProcess _reverse = new(diffusion, variance, clipping);
    private readonly VariationalBound _bound = new(diffusion);

    /// <summary>Timestep 0 and <paramref name="count"/> - 1 others, drawn without replacement; rising.</summary>
    public static int[] Choose(int count, int trainingTimesteps, long seed) =>
        [0, .. Enumerable.Range(1, trainingTimesteps - 1).OrderBy(t => new RandomNumbers(RandomStream.LikelihoodTimesteps, seed).LongWord(t)).Take(count - 1).Order()];

    /// <summary>The terms of all images at <paramref name="timesteps"/>.</summary>
    /// <param name="images">[N, C, H, W] in [-1, 1] on the 256 levels.</param>
    /// <param name="timesteps">Rising from 0.</param>
    /// <param name="seed">Of the noise.</param>
    /// <param name="batchSize">Images of one network call.</param>
    /// <param name="beforeCall">Called before each network call with the number of those before.</param>
    /// <param name="firstImage">The index of the first image, which decides its noise.</param>
    public LikelihoodTerms Terms(Tensor images, IReadOnlyList<int> timesteps, long seed, int batchSize, Action<int> beforeCall, long firstImage = 0)
    {
        using var noGrad = no_grad();
        var count = (int)images.shape[0];
        var prior = new double[count];
        var terms = timesteps.Select(_ => new double[count]).ToArray();
        var calls = 0;
        for (var first = 0; first < count; first += batchSize)
        {
            using var scope = NewDisposeScope();
            var x0 = images.narrow(0, first, Math.Min(batchSize, count - first));
            Store(_bound.Prior(x0), prior, first);
            for (var i = 0; i < timesteps.Count; i++)
            {
                using var callScope = NewDisposeScope();
                beforeCall(calls++);
                var noise = NoiseAt(timesteps[i], seed, Enumerable.Range(first, (int)x0.shape[0]).Select(index => firstImage + index));
                Store(Term(x0, noise.Next(x0), timesteps[i], first).Bits, terms[i], first);
            }
        }

        return new LikelihoodTerms(diffusion.Schedule.NumberOfTrainingTimesteps, timesteps, prior, terms[0], terms[1..]);
    }

    /// <summary>The noise of images at a timestep.</summary>
    public static NoiseSource NoiseAt(int timestep, long seed, IEnumerable<long> images) =>
        new PerSampleNoise(seed, images, RandomStream.LikelihoodNoise, (long)timestep * RandomStreams.DrawsOfTimestep);

    /// <summary>The term of one timestep, [N] in bits per dimension, and the x_0 that the network sees there.</summary>
    public (Tensor Bits, Tensor OriginalSample) Term(Tensor x0, Tensor noise, int timestep, int first = 0)
    {
        int[] timesteps = [.. Enumerable.Repeat(timestep, (int)x0.shape[0])];
        var xt = diffusion.AddNoise(x0, noise, timesteps);
        var step = _reverse.Step(xt, network(xt, timestep, first), timesteps);
        return (_bound.Terms(x0, xt, step, timesteps), step.OriginalSample);
    }

    private static void Store(Tensor values, double[] all, int first)
    {
        using var doubles = values.to(ScalarType.Float64).cpu();
        doubles.data<double>().CopyTo(all, first);
    }
}
