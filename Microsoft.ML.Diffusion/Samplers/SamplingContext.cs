using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Samplers;

/// <summary>What a sampler sees of its run in a step. All that changes during a run is here, so that samplers hold no state.</summary>
internal sealed class SamplingContext(Denoiser denoiser, IReadOnlyList<SamplingStep> steps, NoiseSource noise)
{
    private readonly List<EarlierPrediction> _earlier = [];

    /// <summary>The step's index in the run, from 0.</summary>
    public int Index { get; private set; }

    /// <summary>The noise levels before and after the step.</summary>
    public SamplingStep Step => steps[Index];

    /// <summary>The step after this one; null in the last.</summary>
    public SamplingStep? Next => Index + 1 < steps.Count ? steps[Index + 1] : null;

    /// <summary>What the network makes of x before the step.</summary>
    public Denoised Denoised { get; private set; } = null!;

    /// <summary>Where stochastic samplers draw from.</summary>
    public NoiseSource Noise => noise;

    /// <summary>What earlier steps remembered, the latest first.</summary>
    public IReadOnlyList<EarlierPrediction> Earlier => _earlier;

    /// <summary>Calls the network once more in this step, on x at another noise level.</summary>
    /// <param name="x">x at that level.</param>
    /// <param name="timestep">The time that the network is told.</param>
    /// <param name="alphaBar">alpha-bar of x.</param>
    public Denoised Denoise(Batch x, double timestep, double alphaBar) => denoiser.Denoise(x, timestep, alphaBar);

    /// <summary>Keeps this step's prediction for the next <paramref name="count"/> steps.</summary>
    public void Remember(Batch prediction, int count)
    {
        _earlier.Insert(0, new EarlierPrediction(Step.AlphaBar, prediction));
        _earlier.RemoveRange(Math.Min(count, _earlier.Count), Math.Max(0, _earlier.Count - count));
    }

    /// <summary>Drops what earlier steps remembered, where x has left their path.</summary>
    public void Forget() => _earlier.Clear();

    /// <summary>Begins a step by calling the network.</summary>
    public void Enter(int index, Batch x)
    {
        Index = index;
        Denoised = Denoise(x, Step.Timestep, Step.AlphaBar);
    }
}

/// <summary>A prediction of an earlier step.</summary>
/// <param name="AlphaBar">alpha-bar of the x that it was made from.</param>
/// <param name="Value">What the sampler chose to remember.</param>
internal readonly record struct EarlierPrediction(double AlphaBar, Batch Value);
