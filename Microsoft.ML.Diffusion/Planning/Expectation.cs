namespace Microsoft.ML.Diffusion.Planning;

/// <summary>What one can expect of a run.</summary>
internal static class Expectation
{
    public static string Of(PlanFacts facts, PlannedOptions planned) => $"{facts} {planned}";
}
