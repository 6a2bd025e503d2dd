using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <summary>How images are generated from a trained model: a rule for one reverse step, and the timesteps to walk.</summary>
/// <remarks>
/// A sampler of one's own is a record that derives from this one and overrides <see cref="TakeStep"/> and <see cref="IsStochastic"/>. It works wherever a
/// sampler is an option; only a model file cannot hold it, since it holds no code.
/// </remarks>
public abstract record Sampler
{
    /// <summary>Initializes a sampler.</summary>
    /// <param name="timesteps">The timesteps that a run visits, if <see cref="Timesteps"/> is not set.</param>
    protected Sampler(TimestepSubset timesteps)
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

    /// <summary>Takes one reverse step, after the network was called on x once.</summary>
    /// <param name="x">x before the step, [N, C, H, W], at the noise level <see cref="SamplingContext.AlphaBar"/>.</param>
    /// <param name="context">
    /// What the network makes of x, the noise levels before and after, noise, and what earlier steps remembered. It belongs to the run, and is of no use
    /// after the step.
    /// </param>
    /// <returns>x after the step, at <see cref="SamplingContext.AlphaBarNext"/>.</returns>
    /// <remarks>
    /// Several threads may generate with one sampler, and painting takes steps more than once: keep nothing in the sampler, but in
    /// <see cref="SamplingContext.Remember"/>.
    /// </remarks>
    protected abstract ImageBatch TakeStep(ImageBatch x, SamplingContext context);

    /// <summary>Lists the noise levels of a run, as alpha-bar, the share of the variance that is signal.</summary>
    /// <param name="schedule">The schedule of the model.</param>
    /// <returns>That of x before each step, from the noisiest on, and after the last: one more than there are steps, each in [0, 1]; 1 is a clean image.</returns>
    /// <remarks>The standard deviation of the noise in units of the signal is sigma = sqrt((1 - alpha-bar) / alpha-bar).</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="schedule"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="Timesteps"/> are more than the schedule has, or beyond its end.</exception>
    public IReadOnlyList<double> AlphaBars(NoiseSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var steps = SamplingStep.Reverse(Timesteps, schedule);
        return [.. steps.Select(step => step.AlphaBar), steps[^1].AlphaBarPrevious];
    }

    /// <summary><see cref="TakeStep"/>, for the walks.</summary>
    internal ImageBatch Step(ImageBatch x, SamplingContext context) => TakeStep(x, context);

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
        var (x, context) = (start, new SamplingContext(this, denoiser, steps, noise));
        for (var i = 0; i < steps.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (x, var predictedX0) = context.Take(i, x);
            afterStep?.Invoke(i, x, predictedX0);
        }

        return x;
    }
}
