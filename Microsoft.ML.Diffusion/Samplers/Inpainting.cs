using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// A sampler's run that keeps a part of the images (Lugmayr et al. 2022, RePaint): before each step the kept part of x_t is drawn anew from
/// q(x_t | x_0) of the original, so that the network sees it at the right noise level and fits the rest to it.
/// </summary>
/// <param name="sampler">The rule of a step. Each step is a run of its own, so that a sampler with a memory takes its first, plain step.</param>
/// <param name="steps">The run.</param>
/// <param name="resamplings">How often each step but the last is taken: more lets the new part agree better with the old.</param>
internal sealed class Inpainting(Sampler sampler, IReadOnlyList<SamplingStep> steps, int resamplings)
{
    /// <summary>Gets how many steps <see cref="Sample"/> takes.</summary>
    public int NumberOfSteps => ((steps.Count - 1) * resamplings) + 1;

    /// <summary>Paints one batch.</summary>
    /// <param name="denoiser">The network and what it predicts.</param>
    /// <param name="original">The images, [N, C, H, W] in [-1, 1].</param>
    /// <param name="painted">Where to paint: true or false, [N, 1, H, W].</param>
    /// <param name="noise">Where all noise is drawn from.</param>
    /// <param name="afterStep">Called after each step, repeated ones too, with its index, x and the predicted x_0, which live until it returns.</param>
    /// <param name="cancellationToken">Ends the run between two steps.</param>
    /// <returns>The images, [N, C, H, W]: the original where it is kept.</returns>
    public Tensor Sample(Denoiser denoiser, Tensor original, Tensor painted, NoiseSource noise, Action<int, Tensor, Tensor>? afterStep, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var first = noise.Next(original);
        var x = first.alias();
        for (var i = 0; i < steps.Count; i++)
        {
            var index = i;
            var repeats = i + 1 < steps.Count ? resamplings : 1;
            for (var repeat = 0; repeat < repeats; repeat++)
            {
                using var stepScope = NewDisposeScope();

                // A deterministic run keeps its first noise: then the kept part moves on the path that leads to the original.
                var kept = NoiseLevel.Noised(original, sampler.IsStochastic ? noise.Next(original) : first, steps[i].AlphaBar);
                var next = sampler.Sample(denoiser, where(painted, x, kept), [steps[i]], noise, (_, after, predictedX0) => afterStep?.Invoke(index, after, predictedX0), cancellationToken);
                if (repeat + 1 < repeats)
                {
                    next = NoiseLevel.NoisedFurther(next, noise.Next(next), steps[i].AlphaBarPrevious, steps[i].AlphaBar);
                }

                x.Dispose();
                x = next.MoveToOuterDisposeScope();
            }
        }

        return where(painted, x, original).MoveToOuterDisposeScope();
    }
}
