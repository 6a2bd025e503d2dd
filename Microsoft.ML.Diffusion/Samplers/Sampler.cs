using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <summary>How images are generated from a trained model: a rule for one reverse step, and the timesteps to walk.</summary>
public abstract record Sampler
{
    private protected Sampler(TimestepSubset timesteps)
    {
        Timesteps = timesteps;
    }

    /// <summary>Gets the timesteps that a run visits.</summary>
    public TimestepSubset Timesteps
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Timesteps));
    }

    /// <summary>Gets what happens to predicted images outside [-1, 1]. The default clamps them.</summary>
    public Clipping Clipping
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Clipping));
    } = Clipping.Static();

    /// <summary>Gets a value indicating whether runs draw noise after their start; without, the start alone decides the image.</summary>
    public abstract bool IsStochastic { get; }

    /// <summary>One reverse step.</summary>
    /// <param name="x">x before the step.</param>
    /// <param name="context">What the network makes of x, the noise levels before and after, and what earlier steps remembered.</param>
    /// <returns>x after the step.</returns>
    internal abstract Batch Step(Batch x, SamplingContext context);

    /// <summary>Walks <paramref name="steps"/> from <paramref name="start"/>.</summary>
    /// <param name="denoiser">The network and what it predicts.</param>
    /// <param name="start">x at the first step's noise level.</param>
    /// <param name="steps">The run.</param>
    /// <param name="noise">Where stochastic samplers draw from.</param>
    /// <param name="afterStep">Called after each step with its index, x and the predicted x_0, which it must not change.</param>
    /// <param name="cancellationToken">Ends the run between two steps.</param>
    /// <returns>x after the last step.</returns>
    internal Batch Sample(
        Denoiser denoiser,
        Batch start,
        IReadOnlyList<SamplingStep> steps,
        NoiseSource noise,
        Action<int, Batch, Batch>? afterStep = null,
        CancellationToken cancellationToken = default)
    {
        var (x, context) = (start, new SamplingContext(denoiser, steps, noise));
        for (var i = 0; i < steps.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            context.Enter(i, x);
            x = Step(x, context);
            afterStep?.Invoke(i, x, context.Denoised.OriginalSample);
        }

        return x;
    }
}
