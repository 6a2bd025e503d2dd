using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Runs of diffusers' DPMSolverMultistepScheduler, with the defaults of its constructor.</summary>
internal static class DpmSolverRuns
{
    public static PeerRun Translate(GoldenRun run)
    {
        var init = run.Config["init"]!;
        var schedule = PeerSchedules.Diffusers(init);
        var count = run.Config.Int("num_inference_steps");
        var usesKarras = init.Flag("use_karras_sigmas", false);
        var levels = usesKarras
            ? new LevelSpacing(double.PositiveInfinity, null, 7).Levels(count, schedule)
            : [.. PeerTimesteps.DiffusersDpmSolver(init.Text("timestep_spacing", "linspace"), schedule.NumberOfTrainingTimesteps, count, init.Int("steps_offset", 0))
                .Select(timestep => ((double)timestep, AlphaBarAt(timestep, schedule)))];
        double[] timesteps = [.. levels.Select((level, i) => usesKarras ? Told(run, level.Timestep, i) : level.Timestep)];
        var end = init.Text("final_sigmas_type", "zero") == "zero" ? 1 : schedule.AlphaBar(0);

        var steps = PeerRun.StepsOf(
            run,
            timesteps,
            i => levels[i].AlphaBar,
            i => i + 1 < levels.Count ? levels[i + 1].AlphaBar : end,
            _ => true);
        var samplers = SamplersOf(run, count);
        var draws = samplers[0].IsStochastic;
        return new PeerRun(DiffusersRuns.PredictionOf(init), DiffusersRuns.ClippingOf(init, clips: false), timesteps, steps)
        {
            Samplers = samplers,
            Draws = _ => draws, // also in a last step that uses none
            SingleTolerance = usesKarras ? 1e-4 : 2e-5,
        };
    }

    // The peer keeps a trace of signal at the end of a schedule that has none.
    private static double AlphaBarAt(int timestep, NoiseSchedule schedule) =>
        DiffusersRuns.AlphaBarAt(timestep, schedule) is var alphaBar && alphaBar > 0 ? alphaBar : Math.Pow(2, -24);

    // Karras timesteps are rounded; those of the cosine schedule are cut off, so the last bit of one near a whole number decides.
    private static double Told(GoldenRun run, double timestep, int i) => run.Config["init"]!.Text("beta_schedule") != "squaredcos_cap_v2"
        ? Math.Round(timestep)
        : i < run.Timesteps.Length && Math.Abs(run.Timesteps[i] - timestep) < 1 ? run.Timesteps[i] : Math.Truncate(timestep);

    // The whole family by its general formula, and the product's own sampler where that has the case.
    private static Sampler[] SamplersOf(GoldenRun run, int count)
    {
        var init = run.Config["init"]!;
        var (algorithm, order, type) =
            (init.Text("algorithm_type", "dpmsolver++"), init.Int("solver_order", 2), init.Text("solver_type", "midpoint"));
        var lowers = init.Flag("lower_order_final", true) && count < 15;
        var peer =
            new PeerDpmSolver(algorithm, order, type, lowers) { EulerAtFinal = init.Flag("euler_at_final", false), NumberOfSteps = count };
        return algorithm.EndsWith("dpmsolver++", StringComparison.Ordinal) && order <= 2 && type == "midpoint"
            ? [peer, new DpmSolverSampler(stochastic: peer.IsStochastic) { Order = order, LowerOrderFinal = lowers || peer.EulerAtFinal }]
            : [peer];
    }
}
