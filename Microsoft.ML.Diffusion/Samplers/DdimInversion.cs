using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Samplers;

/// <summary>
/// The deterministic DDIM walk upward, from an image to the noise that generates it (Song et al. 2021, section 4.3), over the same list of
/// steps as downward.
/// </summary>
internal static class DdimInversion
{
    /// <summary>The sampler to walk upward with where none is asked for: a model's own if it can, else DDIM with 50 steps.</summary>
    public static DdimSampler SamplerOf(Sampler own, NoiseSchedule schedule) =>
        own is DdimSampler { IsStochastic: false } ddim ? ddim : new DdimSampler(Math.Min(50, schedule.NumberOfTrainingTimesteps));

    /// <summary>One step from the noise level <paramref name="alphaBar"/> to the higher one <paramref name="alphaBarNext"/>.</summary>
    /// <param name="x">x before the step.</param>
    /// <param name="noise">The epsilon that the network sees in it.</param>
    /// <param name="alphaBar">alpha-bar of x before the step.</param>
    /// <param name="alphaBarNext">alpha-bar of x after the step.</param>
    /// <param name="clipping">What happens to the x_0 in between; only replays of other libraries clip it.</param>
    public static Batch Step(Batch x, Batch noise, double alphaBar, double alphaBarNext, Clipping clipping)
    {
        var predictedX0 = clipping.Apply(Batch.Quotient(Math.Sqrt(alphaBar), (1, x), (-Math.Sqrt(1 - alphaBar), noise)));
        return Batch.Sum((Math.Sqrt(alphaBarNext), predictedX0), (Math.Sqrt(1 - alphaBarNext), noise));
    }

    /// <summary>Walks <paramref name="steps"/> upward from the images <paramref name="x0"/>.</summary>
    /// <param name="denoiser">The network and what it predicts.</param>
    /// <param name="x0">Images in [-1, 1].</param>
    /// <param name="steps">The run downward.</param>
    /// <param name="schedule">Tells the time of each level.</param>
    /// <param name="asked">Where the network is asked.</param>
    /// <param name="cancellationToken">Ends the walk between two steps.</param>
    /// <returns>x at the noisiest level of the run.</returns>
    public static Batch Encode(
        Denoiser denoiser,
        Batch x0,
        IReadOnlyList<SamplingStep> steps,
        NoiseSchedule schedule,
        InversionLevel asked,
        CancellationToken cancellationToken)
    {
        var (x, levels) = (x0, new LevelTable(schedule));
        foreach (var step in steps.Reverse())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (timestep, alphaBar) = asked == InversionLevel.Upper ? (step.Timestep, step.AlphaBar) : Lower(step, levels, schedule);
            var noise = denoiser.Denoise(x, timestep, alphaBar).Noise;
            x = Step(x, noise, step.AlphaBarPrevious, step.AlphaBar, Clipping.None);
        }

        return x;
    }

    // A clean image has no level that training has seen: the lowest stands for it, with its own alpha-bar.
    private static (double Timestep, double AlphaBar) Lower(
        SamplingStep step,
        LevelTable levels,
        NoiseSchedule schedule) => step.AlphaBarPrevious == 1
        ? (0, schedule.AlphaBar(0))
        : (levels.Timestep(KarrasSpacing.Sigma(step.AlphaBarPrevious)), step.AlphaBarPrevious);
}
