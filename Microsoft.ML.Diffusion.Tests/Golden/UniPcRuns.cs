namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Runs of diffusers' UniPCMultistepScheduler, of its default type bh2, which knows x as the predictor left it.</summary>
internal static class UniPcRuns
{
    public static PeerRun Translate(GoldenRun run)
    {
        var init = run.Config["init"]!;
        var schedule = PeerSchedules.Diffusers(init);
        var timesteps =
            PeerTimesteps.DiffusersDpmSolver(
                "linspace",
                schedule.NumberOfTrainingTimesteps,
                run.Config.Int("num_inference_steps"),
                stepsOffset: 0);
        var end = init.Text("final_sigmas_type", "zero") == "zero" ? 1 : schedule.AlphaBar(0);

        var steps = PeerRun.StepsOf(
            run,
            [.. timesteps],
            i => schedule.AlphaBar(timesteps[i]),
            i => i + 1 < timesteps.Length ? schedule.AlphaBar(timesteps[i + 1]) : end,
            _ => true);
        return new PeerRun(DiffusersRuns.PredictionOf(init), DiffusersRuns.ClippingOf(init, clips: false), [.. timesteps], steps)
        {
            Samplers = [new UniPcSampler(order: init.Int("solver_order", 2)) { LowerOrderFinal = init.Flag("lower_order_final", true) }],
        };
    }
}
