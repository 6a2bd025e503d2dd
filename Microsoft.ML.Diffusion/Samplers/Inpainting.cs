using Microsoft.ML.Diffusion.DiffusionProcess;
using static TorchSharp.torch;

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
    /// <param name="original">The images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="painted">Where to paint: true or false, [N, 1, H, W].</param>
    /// <param name="noise">Where all noise is drawn from.</param>
    /// <param name="afterStep">Called after each step, repeated ones too, with its index, x and the predicted x_0, which live until it returns.</param>
    /// <param name="cancellationToken">Ends the run between two steps.</param>
    /// <returns>The images, [N, C, H, W]: the original where it is kept.</returns>
    public Tensor Sample(
        Denoiser denoiser,
        Tensor original,
        Tensor painted,
        NoiseSource noise,
        Action<int, Tensor, Tensor>? afterStep,
        CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var context = new SamplingContext(denoiser, steps, noise);
        var first = noise.Next(original);
        var x = first.alias();
        for (var i = 0; i < _walk.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var stepScope = NewDisposeScope();
            var step = steps[_walk[i]];

            // A deterministic run keeps its first noise: then the kept part moves on the path that leads to the original.
            var kept = NoiseLevel.Noised(original, sampler.IsStochastic ? noise.Next(original) : first, step.AlphaBar);
            var current = where(painted, x, kept);
            x.Dispose();
            context.Enter(_walk[i], current);
            var next = sampler.Step(current, context);
            afterStep?.Invoke(_walk[i], next, context.Denoised.OriginalSample);
            if (i + 1 < _walk.Length && _walk[i + 1] <= _walk[i])
            {
                next = NoiseLevel.NoisedFurther(next, noise.Next(next), step.AlphaBarPrevious, steps[_walk[i + 1]].AlphaBar);
                context.Forget();
            }

            x = next.MoveToOuterDisposeScope();
        }

        return where(painted, x, original).MoveToOuterDisposeScope();
    }
}
