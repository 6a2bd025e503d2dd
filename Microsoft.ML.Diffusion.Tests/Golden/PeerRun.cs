using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>A golden run in the product's own terms. Peers' quirks are numbers in it, not code paths of the product.</summary>
/// <param name="Prediction">What the model's output is.</param>
/// <param name="Clipping">What happens to a predicted x_0.</param>
/// <param name="Timesteps">The timesteps, or noise levels, by the peer's rule, in the order of the run; the network may be told others.</param>
/// <param name="Steps">The run; for an inversion, from AlphaBar up to AlphaBarPrevious.</param>
internal sealed record PeerRun(
    PredictionType Prediction,
    Clipping Clipping,
    IReadOnlyList<double> Timesteps,
    IReadOnlyList<SamplingStep> Steps)
{
    /// <summary>Every sampler of the product that has to give the run's numbers; empty for an inversion.</summary>
    public IReadOnlyList<Sampler> Samplers { get; init; } = [];

    /// <summary>Whether the peer drew noise in a step, used or not.</summary>
    public Func<SamplingStep, bool> Draws { get; init; } = _ => false;

    /// <summary>The smallest variance that the peer adds noise with; the product adds none where there is none.</summary>
    public double VarianceFloor { get; init; }

    /// <summary>Whether the peer's x is x / sqrt(alpha-bar), its model gives x_0, and is told sigma (Karras et al. 2022).</summary>
    public bool IsVarianceExploding { get; init; }

    /// <summary>How far float32 may be off, relative to max(1, max |x|).</summary>
    public double SingleTolerance { get; init; } = 2e-5; // Golden/data/README.md

    public static PeerRun Of(GoldenRun run) => run.Source switch
    {
        _ when run.Source.StartsWith("ermongroup/ddim ", StringComparison.Ordinal) => ErmongroupRuns.Translate(run),
        _ when run.Source.StartsWith("huggingface/diffusers ", StringComparison.Ordinal) => DiffusersRuns.Translate(run),
        _ when run.Source.StartsWith("openai/guided-diffusion ", StringComparison.Ordinal) => GuidedRuns.Translate(run),
        _ when run.Source.StartsWith("crowsonkb/k-diffusion ", StringComparison.Ordinal) => KDiffusionRuns.Translate(run),
        _ => throw new NotSupportedException($"{run.File}: the source '{run.Source}' is not known."),
    };

    /// <summary>Steps through <paramref name="timesteps"/>, in the order of the run.</summary>
    /// <param name="run">The file, which says what the network is told.</param>
    /// <param name="timesteps">The peer's own list.</param>
    /// <param name="alphaBar">alpha-bar before step i.</param>
    /// <param name="alphaBarPrevious">alpha-bar after step i.</param>
    /// <param name="addsNoise">Whether the peer adds noise in step i.</param>
    public static IReadOnlyList<SamplingStep> StepsOf(
        GoldenRun run,
        IReadOnlyList<double> timesteps,
        Func<int, double> alphaBar,
        Func<int, double> alphaBarPrevious,
        Func<int, bool> addsNoise)
    {
        Assert.HasCount(timesteps.Count, run.Timesteps, $"{run.File}: the peer's rule gives another number of steps.");
        return [.. run.Timesteps.Select((told, i) => new SamplingStep(told, alphaBar(i), alphaBarPrevious(i), addsNoise(i)))];
    }
}
