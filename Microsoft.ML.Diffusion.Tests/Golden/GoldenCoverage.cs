namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>The one place that says which recorded runs are not replayed, and why.</summary>
internal static class GoldenCoverage
{
    private static readonly (Predicate<GoldenRun> Applies, string Reason)[] _rules =
    [
        (
            run => run.Config.Text("mean_type") == "xprev",
            "Prediction of x at the previous timestep is no feature of the product; the loss files that have it are replayed."),
    ];

    /// <summary>The reason why a run is not replayed; null where it is.</summary>
    public static string? ReasonToSkip(GoldenRun run) => _rules.FirstOrDefault(rule => rule.Applies(run)).Reason;
}
