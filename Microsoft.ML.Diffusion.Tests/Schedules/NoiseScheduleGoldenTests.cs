using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Schedules;

/// <summary>Every table of every schedule equals the references'.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed partial class NoiseScheduleGoldenTests
{
    private const string Extra = "schedules_extra.safetensors";

    public static IEnumerable<object[]> Entries => GoldenSchedules.Entries.Select(entry => new object[] { entry.Size, entry.Name });

    public static IEnumerable<object[]> ExtraTables
    {
        get
        {
            using var file = SafetensorsFile.Open(GoldenFolder.File(Extra));
            return [.. file.Tensors.Select(tensor => new object[] { tensor.Name })];
        }
    }

    [TestMethod]
    [DynamicData(nameof(Entries))]
    public void Tables_EqualTheReferences(string size, string name) =>
        Compare(GoldenSchedules.Create(size, name), GoldenSchedules.Tables(size, name));

    [TestMethod]
    [DynamicData(nameof(Entries))]
    public void Tables_OneExpectedNumberChanged_IsSeen(string size, string name)
    {
        var schedule = GoldenSchedules.Create(size, name);
        var tables = GoldenSchedules.Tables(size, name);
        foreach (var table in Names(tables))
        {
            var changed = tables.DeepClone();
            var numbers = changed[table]!.AsArray();
            numbers[numbers.Count / 2] = numbers[numbers.Count / 2]!.GetValue<double>() * (1 + 1e-9);

            GoldenAssert.Fails(() => Compare(schedule, changed), table);
        }
    }

    [TestMethod]
    [DynamicData(nameof(ExtraTables))]
    public void Tables_EqualThoseThatDiffusersHolds(string tensor)
    {
        var (expected, actual, isSingle) = ReadExtra(tensor);

        CompareExtra(expected, actual, isSingle, tensor);
        GoldenAssert.Fails(() => CompareExtra(GoldenAssert.Changed(expected, isSingle ? 0.01 : 1e-9), actual, isSingle, tensor), tensor);
    }

    private static (double[] Expected, double[] Actual, bool IsSingle) ReadExtra(string tensor)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File(Extra));
        var parts = ExtraName().Match(tensor).Groups;
        var schedule = GoldenSchedules.Create(parts["size"].Value, parts["name"].Value);
        return (file[tensor].ToDoubles(), [.. Table(schedule, parts["table"].Value)], file[tensor].Type == SafetensorsType.F32);
    }

    private static void CompareExtra(double[] expected, double[] actual, bool isSingle, string what)
    {
        // The reference's own float32 differs from its float64 by 1.3e-5; this allows a little more.
        var (absolute, relative) = isSingle ? (1e-6, 1e-4) : (0, 1e-12);
        GoldenAssert.AreClose(expected, actual, what, absolute, relative);
    }

    private static void Compare(NoiseSchedule schedule, JsonNode tables)
    {
        var index = tables.Ints("index");
        foreach (var name in Names(tables))
        {
            var table = Table(schedule, name);
            var isPosterior = name.StartsWith("posterior", StringComparison.Ordinal);
            foreach (var (t, expected) in index.Zip(tables.Numbers(name)))
            {
                // At t = 0 posteriors are 0 or, where they divide two equal small numbers, 1 within the reference's rounding.
                var (absolute, relative) = isPosterior ? (t == 0 ? 1e-15 : 0, 1e-10) : (0, 1e-12);
                GoldenAssert.AreClose([expected], [table[t]], $"{name}[{t}]", absolute, relative);
            }
        }
    }

    private static IEnumerable<string> Names(JsonNode tables) =>
        tables.AsObject().Where(entry => entry.Key != "index" && entry.Value is JsonArray).Select(entry => entry.Key);

    private static IReadOnlyList<double> Table(NoiseSchedule schedule, string name) => name switch
    {
        "betas" => schedule.Betas,
        "alphas_cumprod" => schedule.AlphasCumulativeProduct,
        "posterior_variance" => schedule.PosteriorVariance,
        "posterior_log_variance_clipped" => schedule.PosteriorLogVarianceClipped,
        "posterior_mean_coef1" => schedule.PosteriorMeanCoefficient1,
        "posterior_mean_coef2" => schedule.PosteriorMeanCoefficient2,
        _ => throw new NotSupportedException($"The table '{name}' is not known."),
    };

    [GeneratedRegex(@"^(?<size>T\d+)\.(diffusers_f32\.)?(?<name>\w+)\.(?<table>\w+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex ExtraName();
}
