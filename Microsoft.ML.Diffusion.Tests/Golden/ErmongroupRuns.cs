using System.Text.Json;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Runs of ermongroup/ddim: true neighbours, noise drawn in every step.</summary>
internal static class ErmongroupRuns
{
    public static PeerRun Translate(GoldenRun run)
    {
        var config = run.Config;
        var schedule = PeerSchedules.Ermongroup(config);
        var (trainingTimesteps, count) = (config.Int("T"), config.Int("S"));
        var rising = config.Text("skip_type") == "quad"
            ? PeerTimesteps.ErmongroupQuadratic(trainingTimesteps, count)
            : PeerTimesteps.ErmongroupUniform(trainingTimesteps, count);
        int[] timesteps = [.. rising.AsEnumerable().Reverse()];
        var isAncestral = run.Source.Contains("ddpm_steps", StringComparison.Ordinal);

        var steps = PeerRun.StepsOf(
            run,
            [.. timesteps],
            i => schedule.AlphaBar(timesteps[i]),
            i => schedule.AlphaBar(i + 1 < timesteps.Length ? timesteps[i + 1] : -1),
            i => !isAncestral || timesteps[i] != 0);
        var clips = config["clip"]!.GetValueKind() != JsonValueKind.False; // otherwise a sentence about it
        return new PeerRun(PredictionType.Epsilon, clips ? Clipping.Static() : Clipping.None, [.. timesteps], steps)
        {
            Samplers = isAncestral
                ? [new DdpmSampler(variance: DdpmVariance.FixedLarge), new DdimSampler(eta: 1) { UseSigmaHat = true }]
                : [new DdimSampler(eta: config.Number("eta", 0))],
            Draws = _ => true,
        };
    }
}
