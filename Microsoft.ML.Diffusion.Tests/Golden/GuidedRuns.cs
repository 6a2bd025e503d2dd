namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Runs of openai/guided-diffusion: true neighbours, noise drawn in every step, epsilon derived again from the clipped x_0.</summary>
internal static class GuidedRuns
{
    public static PeerRun Translate(GoldenRun run)
    {
        var config = run.Config;
        var schedule = PeerSchedules.Guided(config);
        var rising = PeerTimesteps.Guided(config.Int("T"), config.Text("sections"));
        var prediction = config.Text("mean_type") == "x0" ? PredictionType.Sample : PredictionType.Epsilon;
        var clipping = config.Flag("clip_denoised", true) ? Clipping.Static() : Clipping.None;

        if (run.Source.Contains("ddim_reverse_sample", StringComparison.Ordinal))
        {
            var sources = rising[..^1];
            return new PeerRun(prediction, clipping, [.. sources], PeerRun.StepsOf(
                run,
                [.. sources],
                i => schedule.AlphaBar(rising[i]),
                i => schedule.AlphaBar(rising[i + 1]),
                _ => false));
        }

        int[] timesteps = [.. rising.AsEnumerable().Reverse()];
        var steps = PeerRun.StepsOf(
            run,
            [.. timesteps],
            i => schedule.AlphaBar(timesteps[i]),
            i => schedule.AlphaBar(i + 1 < timesteps.Length ? timesteps[i + 1] : -1),
            i => i + 1 < timesteps.Length);
        return new PeerRun(prediction, clipping, [.. timesteps], steps) { Samplers = [SamplerOf(run)], Draws = _ => true };
    }

    private static Sampler SamplerOf(GoldenRun run)
    {
        if (run.Source.Contains("ddim_sample_loop", StringComparison.Ordinal))
        {
            return new DdimSampler(eta: run.Config.Number("eta", 0));
        }

        return new DdpmSampler(variance: run.Config.Text("var_type") switch
        {
            "fixed_small" => DdpmVariance.FixedSmall,
            "fixed_large" => DdpmVariance.FixedLarge,
            "learned_range" => DdpmVariance.Learned,
            var type => throw new NotSupportedException($"{run.File}: the variance '{type}' is not known."),
        });
    }
}
