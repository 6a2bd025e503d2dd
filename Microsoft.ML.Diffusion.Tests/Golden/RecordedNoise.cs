using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Gives a sampler the noise that a peer drew in the same step; peers draw also what they do not use.</summary>
internal sealed class RecordedNoise : NoiseSource
{
    private readonly GoldenRun _run;
    private readonly double[]?[] _bySteps;

    public RecordedNoise(GoldenRun run, PeerRun peer)
    {
        _run = run;
        var draws = 0;
        _bySteps = [.. peer.Steps.Select(step => peer.Draws(step) ? run.Noise[draws++] : null)];
        Assert.HasCount(draws, run.Noise, $"{run.File}: the peer drew more noise than its rule says.");
    }

    /// <summary>The step that is running, counted from 0.</summary>
    public int Step { get; set; }

    /// <summary>The noise of the running step.</summary>
    public double[] Current =>
        _bySteps[Step]
            ?? throw new AssertFailedException($"{_run.File}: the peer drew no noise in step {Step}, but the sampler asks for it.");

    public override Batch Next(int count, int length) => new([.. Current], count);
}
