namespace Microsoft.ML.Diffusion.Tests;

/// <summary>What tests are told apart by, for filters of <c>dotnet test</c>.</summary>
internal static class TestCategories
{
    /// <summary>Tests that start processes or train until something is learned: left out where an answer is wanted at once.</summary>
    public const string Integration = nameof(Integration);

    /// <summary>Those that compute on a graphics card, skipped where there is none.</summary>
    public const string Gpu = nameof(Gpu);

    /// <summary>Comparisons with numbers of the reference implementations.</summary>
    public const string Golden = nameof(Golden);
}
