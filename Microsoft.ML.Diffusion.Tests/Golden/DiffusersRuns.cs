using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Runs of diffusers' schedulers, with the defaults of their constructors.</summary>
internal static class DiffusersRuns
{
    public static PeerRun Translate(GoldenRun run) => run.Config.Text("scheduler") switch
    {
        "DDPMScheduler" => Ancestral(run),
        "DDIMScheduler" => Implicit(run),
        "DDIMInverseScheduler" => Inverse(run),
        "DPMSolverMultistepScheduler" => DpmSolverRuns.Translate(run),
        "UniPCMultistepScheduler" => UniPcRuns.Translate(run),
        var scheduler => throw new NotSupportedException($"{run.File}: the scheduler '{scheduler}' is not known."),
    };

    // True neighbours; noise in every step but t = 0, also in a last step above it.
    private static PeerRun Ancestral(GoldenRun run)
    {
        var init = run.Config["init"]!;
        var schedule = PeerSchedules.Diffusers(init);
        var timesteps = TimestepsOf(run, schedule);
        var variance = init.Text("variance_type", "fixed_small") switch
        {
            "fixed_small" or "fixed_small_log" => DdpmVariance.FixedSmall, // the second takes the same root by way of the logarithm
            "fixed_large" => DdpmVariance.FixedLarge,
            "learned_range" => DdpmVariance.Learned,
            var type => throw new NotSupportedException($"{run.File}: the variance '{type}' is not known."),
        };

        var steps = PeerRun.StepsOf(
            run,
            [.. timesteps],
            i => AlphaBarAt(timesteps[i], schedule),
            i => schedule.AlphaBar(i + 1 < timesteps.Length ? timesteps[i + 1] : -1),
            i => timesteps[i] > 0);
        return new PeerRun(PredictionOf(init), ClippingOf(init), [.. timesteps], steps)
        {
            Samplers = [new DdpmSampler(variance: variance)],
            Draws = step => step.AddsNoise,
            VarianceFloor = variance == DdpmVariance.FixedSmall ? 1e-20 : 0,
        };
    }

    // The previous timestep is t - T // S whatever the spacing; epsilon survives clipping unless use_clipped_model_output.
    private static PeerRun Implicit(GoldenRun run)
    {
        var (init, arguments) = (run.Config["init"]!, run.Config["step_kwargs"]!);
        var schedule = PeerSchedules.Diffusers(init);
        var timesteps = TimestepsOf(run, schedule);
        var stride = Stride(run, schedule);
        var eta = arguments.Number("eta", 0);

        var steps = PeerRun.StepsOf(
            run,
            [.. timesteps],
            i => AlphaBarAt(timesteps[i], schedule),
            i => AlphaBarOrEnd(timesteps[i] - stride, init, schedule),
            _ => eta > 0);
        return new PeerRun(
            PredictionOf(init),
            ClippingOf(init) with { KeepPredictedNoise = !arguments.Flag("use_clipped_model_output", false) },
            [.. timesteps],
            steps)
        {
            Samplers = [new DdimSampler(eta: eta)],
            Draws = step => step.AddsNoise,
        };
    }

    // From t - T // S up to t, the network asked at t about x as it is below.
    private static PeerRun Inverse(GoldenRun run)
    {
        var init = run.Config["init"]!;
        var schedule = PeerSchedules.Diffusers(init);
        var timesteps =
            PeerTimesteps.DiffusersInverse(
                init.Text("timestep_spacing", "leading"),
                schedule.NumberOfTrainingTimesteps,
                run.Config.Int("num_inference_steps"),
                init.Int("steps_offset", 0));
        var stride = Stride(run, schedule);

        var steps = PeerRun.StepsOf(
            run,
            [.. timesteps],
            i => AlphaBarOrEnd(Math.Min(timesteps[i] - stride, schedule.NumberOfTrainingTimesteps - 1), init, schedule),
            i => schedule.AlphaBar(timesteps[i]),
            _ => false);
        return new PeerRun(PredictionOf(init), ClippingOf(init) with { KeepPredictedNoise = true }, [.. timesteps], steps);
    }

    private static int[] TimestepsOf(GoldenRun run, NoiseSchedule schedule)
    {
        var init = run.Config["init"]!;
        return PeerTimesteps.Diffusers(
            init.Text("timestep_spacing", "leading"),
            schedule.NumberOfTrainingTimesteps,
            run.Config.Int("num_inference_steps"),
            init.Int("steps_offset", 0));
    }

    private static int Stride(GoldenRun run, NoiseSchedule schedule) =>
        schedule.NumberOfTrainingTimesteps / run.Config.Int("num_inference_steps");

    // Rounding can give trailing one step too many, at t = -1, which indexes the table from its end.
    internal static double AlphaBarAt(int timestep, NoiseSchedule schedule) =>
        schedule.AlphaBar(timestep < 0 ? schedule.NumberOfTrainingTimesteps + timestep : timestep);

    // Before the first timestep nothing is lost, unless set_alpha_to_one is off: then as much as at the first.
    private static double AlphaBarOrEnd(int timestep, JsonNode init, NoiseSchedule schedule) =>
        schedule.AlphaBar(timestep < 0 && !init.Flag("set_alpha_to_one", true) ? 0 : timestep);

    internal static Clipping ClippingOf(JsonNode init, bool clips = true)
    {
        if (init.Flag("thresholding", false))
        {
            return Clipping.Dynamic(init.Number("dynamic_thresholding_ratio", 0.995), init.Number("sample_max_value", 1));
        }

        return init.Flag("clip_sample", clips) ? Clipping.Static(init.Number("clip_sample_range", 1)) : Clipping.None;
    }

    internal static PredictionType PredictionOf(JsonNode init) => init.Text("prediction_type", "epsilon") switch
    {
        "epsilon" => PredictionType.Epsilon,
        "sample" => PredictionType.Sample,
        "v_prediction" => PredictionType.VPrediction,
        var prediction => throw new NotSupportedException($"The prediction '{prediction}' is not known."),
    };
}
