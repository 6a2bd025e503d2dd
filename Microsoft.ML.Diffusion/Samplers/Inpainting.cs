using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Samplers;

/// <summary>
/// A sampler's run that keeps a part of the images (Lugmayr et al. 2022, RePaint): before each step the kept part of x_t is drawn anew from
/// q(x_t | x_0) of the original, so that the network sees it at the right noise level and fits the rest to it.
/// </summary>
/// <remarks>
/// What a sampler remembers of earlier steps it keeps along the way down; a jump back forgets it, because the noise added there belongs to another
/// path.
/// </remarks>
/// <param name="sampler">The rule of a step.</param>
/// <param name="steps">The run.</param>
/// <param name="resamplings">How often each part of the run is taken: more lets the new part agree better with the old.</param>
/// <param name="jumpLength">The number of steps of such a part: that of a jump back, with the noise of all of them.</param>
internal sealed class Inpainting(Sampler sampler, IReadOnlyList<SamplingStep> steps, int resamplings, int jumpLength = 1)
{
    private readonly int[] _walk = [.. Walk(steps.Count, resamplings, jumpLength)];

    /// <summary>Gets how many steps <see cref="Sample"/> takes.</summary>
    public int NumberOfSteps => _walk.Length;

    /// <summary>Lists the steps in the order in which they are taken.</summary>
    /// <remarks>
    /// Parts of equal length end before the last step, which is taken once, as are the steps before the first whole part. A jump back is where an index
    /// is followed by one that is not the next.
    /// </remarks>
    public static IEnumerable<int> Walk(int steps, int resamplings, int jumpLength)
    {
        var last = steps - 1;
        var once = Enumerable.Range(0, last % jumpLength);
        var parts =
            Enumerable.Range(0, last / jumpLength).Select(part => Enumerable.Range((last % jumpLength) + (part * jumpLength), jumpLength));
        return [.. once, .. parts.SelectMany(part => Enumerable.Repeat(part, resamplings).SelectMany(taken => taken)), last];
    }

    /// <summary>Paints one batch.</summary>
    /// <param name="denoiser">The network and what it predicts.</param>
    /// <param name="original">The images in [-1, 1].</param>
    /// <param name="painted">Where to paint: true or false for each number of each image.</param>
    /// <param name="noise">Where all noise is drawn from.</param>
    /// <param name="afterStep">Called after each step, repeated ones too, with its index, x and the predicted x_0, which it must not change.</param>
    /// <param name="cancellationToken">Ends the run between two steps.</param>
    /// <returns>The images: the original where it is kept.</returns>
    public Batch Sample(
        Denoiser denoiser,
        Batch original,
        IReadOnlyList<bool[]> painted,
        NoiseSource noise,
        Action<int, Batch, Batch>? afterStep,
        CancellationToken cancellationToken)
    {
        var (first, context) = (noise.Next(original), new SamplingContext(sampler, denoiser, steps, noise));
        var x = first;
        for (var i = 0; i < _walk.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var step = steps[_walk[i]];

            // A deterministic run keeps its first noise: then the kept part moves on the path that leads to the original.
            var kept = NoiseLevel.Noised(original, sampler.IsStochastic ? noise.Next(original) : first, step.AlphaBar);
            var current = Join(painted, x, kept);
            (x, var predictedX0) = context.Take(_walk[i], current);
            afterStep?.Invoke(_walk[i], x, predictedX0);
            if (i + 1 < _walk.Length && _walk[i + 1] <= _walk[i])
            {
                x = NoiseLevel.NoisedFurther(x, noise.Next(x), step.AlphaBarPrevious, steps[_walk[i + 1]].AlphaBar);
                context.Forget();
            }
        }

        return Join(painted, x, original);
    }

    private static Batch Join(IReadOnlyList<bool[]> painted, Batch x, Batch kept) =>
        Batch.Create(x.Count, x.Length, (image, joined) =>
        {
            var mask = painted[image];
            var ofX = x[image];
            var ofKept = kept[image];
            for (var i = 0; i < joined.Length; i++)
            {
                joined[i] = mask[i] ? ofX[i] : ofKept[i];
            }
        });
}
