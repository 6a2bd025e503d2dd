using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// What a sampler sees of its run in a step, whose noise levels are alpha-bar, the share of the signal's variance: 1 is a clean image. All that changes
/// during a run is here, so that samplers hold no state.
/// </summary>
public sealed class SamplingContext
{
    private readonly Sampler _sampler;
    private readonly Denoiser _denoiser;
    private readonly IReadOnlyList<SamplingStep> _steps;
    private readonly NoiseSource _noise;
    private readonly List<(double AlphaBar, ImageBatch Prediction)> _earlier = [];
    private Denoised _denoised = null!;
    private Batch _x = null!;
    private ImageBatch? _predictedNoise; // computed when first asked for, since most samplers never ask

    internal SamplingContext(Sampler sampler, Denoiser denoiser, IReadOnlyList<SamplingStep> steps, NoiseSource noise) =>
        (_sampler, _denoiser, _steps, _noise) = (sampler, denoiser, steps, noise);

    /// <summary>Gets the step's index in the run, from 0.</summary>
    public int Index { get; private set; }

    /// <summary>Gets the number of steps of the run; where painting repeats some, of those that differ.</summary>
    public int NumberOfSteps => _steps.Count;

    /// <summary>Gets alpha-bar of x before the step, in [0, 1): 0 only at the start of a schedule that ends without any signal.</summary>
    public double AlphaBar => Step.AlphaBar;

    /// <summary>Gets alpha-bar of x after the step, above <see cref="AlphaBar"/>: 1, a clean image, in the last.</summary>
    public double AlphaBarNext => Step.AlphaBarPrevious;

    /// <summary>Gets a value indicating whether a stochastic sampler draws noise in this step: in all but the last.</summary>
    public bool AddsNoise => Step.AddsNoise;

    /// <summary>Gets the x_0 that the network predicts of x before the step, clipped as <see cref="Sampler.Clipping"/> says.</summary>
    public ImageBatch PredictedOriginal { get; private set; } = null!;

    /// <summary>Gets the epsilon that goes with it: x = sqrt(alpha-bar) x_0 + sqrt(1 - alpha-bar) epsilon.</summary>
    public ImageBatch PredictedNoise => _predictedNoise ??= new ImageBatch(_denoised.Noise);

    /// <summary>Gets what earlier steps gave to <see cref="Remember"/>, the latest first, each with alpha-bar of the x that it was made from.</summary>
    /// <value>Empty at first, and again after a jump back of painting, from where x is on another path.</value>
    public IReadOnlyList<(double AlphaBar, ImageBatch Prediction)> Earlier => _earlier;

    /// <summary>The noise levels before and after the step.</summary>
    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"step {Index + 1} of {NumberOfSteps}, alpha-bar from {AlphaBar:g4} to {AlphaBarNext:g4}");

    internal SamplingStep Step => _steps[Index];

    /// <summary>The step after this one; null in the last.</summary>
    internal SamplingStep? Next => Index + 1 < _steps.Count ? _steps[Index + 1] : null;

    /// <summary>Where a learned variance lies between its bounds; null where it is fixed.</summary>
    internal Batch? VarianceInterpolation => _denoised.VarianceInterpolation;

    /// <summary>Calls the network once more in this step, on x at another noise level: what a method of several stages needs.</summary>
    /// <param name="x">x at that level.</param>
    /// <param name="alphaBar">alpha-bar of x, above 0 and below 1; the network is told the time at which the model's schedule has it.</param>
    /// <returns>The predicted x_0, clipped.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alphaBar"/> is outside its range.</exception>
    public ImageBatch PredictOriginal(ImageBatch x, double alphaBar)
    {
        ArgumentNullException.ThrowIfNull(x);
        Check.Require(
            alphaBar is > 0 and < 1,
            nameof(alphaBar),
            alphaBar,
            "must be above 0 and below 1, because the network knows images with some noise and some signal");
        var timestep = alphaBar == AlphaBar ? Step.Timestep
            : Next is { } next && alphaBar == next.AlphaBar ? next.Timestep
            : _denoiser.TimestepOf(alphaBar);
        return Predict(x, timestep, alphaBar);
    }

    /// <summary>Draws standard normal noise of the shape of x: of each image its own, whatever the batch around it.</summary>
    /// <returns>Noise that no other call gets.</returns>
    /// <exception cref="InvalidOperationException"><see cref="Sampler.IsStochastic"/> of the sampler is false.</exception>
    public ImageBatch DrawNoise() => _sampler.IsStochastic
        ? new ImageBatch(_noise.Next(_x))
        : throw new InvalidOperationException(
            $"{_sampler.GetType().Name}.IsStochastic must be true for DrawNoise, because what encodes, interpolates and paints asks it whether the start alone decides an image.");

    /// <summary>Keeps a prediction of this step for the next <paramref name="count"/> steps, in <see cref="Earlier"/>.</summary>
    /// <param name="prediction">What is to be kept, usually <see cref="PredictedOriginal"/>.</param>
    /// <param name="count">For how many steps, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public void Remember(ImageBatch prediction, int count)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _earlier.Insert(0, (Step.AlphaBar, prediction));
        _earlier.RemoveRange(Math.Min(count, _earlier.Count), Math.Max(0, _earlier.Count - count));
    }

    /// <summary>As <see cref="PredictOriginal"/>, at a time that the caller knows.</summary>
    internal ImageBatch Predict(ImageBatch x, double timestep, double alphaBar) =>
        new(_denoiser.Denoise(x.Values, timestep, alphaBar).OriginalSample);

    /// <summary>Drops what earlier steps remembered, where x has left their path.</summary>
    internal void Forget() => _earlier.Clear();

    /// <summary>Takes a step: the network's call, then the sampler's rule.</summary>
    /// <param name="index">The step.</param>
    /// <param name="x">x before it.</param>
    /// <returns>x after it, and the predicted x_0.</returns>
    internal (Batch X, Batch PredictedOriginal) Take(int index, Batch x)
    {
        (Index, _x, _predictedNoise) = (index, x, null);
        _denoised = _denoiser.Denoise(x, Step.Timestep, Step.AlphaBar);
        PredictedOriginal = new ImageBatch(_denoised.OriginalSample);
        var next = _sampler.Step(new ImageBatch(x), this)
            ?? throw new InvalidOperationException($"{_sampler.GetType().Name}.TakeStep must return x after the step, but returned null.");
        return next.Values.Count == x.Count && next.Values.Length == x.Length
            ? (next.Values, _denoised.OriginalSample)
            : throw new InvalidOperationException(
                $"{_sampler.GetType().Name}.TakeStep must return x of this step's batch, because images of another run are of another size or number.");
    }
}
