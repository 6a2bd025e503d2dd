using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Schedules;

/// <summary><c>timesteps.json</c>: the peers' rules as the replays use them, and the product's own formulas where they coincide.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class TimestepSubsetGoldenTests
{
    private static readonly JsonNode _tables = GoldenFolder.ReadJson("timesteps.json");

    public static IEnumerable<object[]> Rows => Subsets.Select(row =>
        new object[] { row.Text("kind"), row.Int("T"), row["S"]!.ToString(), row.Int("steps_offset", 0) });

    /// <summary>Rows by a formula that is the product's too; peers' wrong numbers of steps, and steps visited twice, are not.</summary>
    public static IEnumerable<object[]> OwnRows =>
        from row in Rows
        let found = Row((string)row[0], (int)row[1], (string)row[2], (int)row[3])
        where found["error"] is null && int.TryParse((string)row[2], out var steps)
            && Own((string)row[0], (int)row[1], steps, (int)row[3]) is not null
            && found.Ints("timesteps") is var timesteps && timesteps.Length == steps && timesteps.Distinct().Count() == steps
        select row;

    public static IEnumerable<object[]> Respaced =>
        Enumerable.Range(0, _tables["respaced_guided"]!.AsArray().Count).Select(i => new object[] { i });

    private static IEnumerable<JsonNode> Subsets => _tables["subsets"]!.AsArray().Select(row => row!);

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void PeerTimesteps_EveryRow_IsReproduced(string kind, int trainingTimesteps, string steps, int offset)
    {
        var row = Row(kind, trainingTimesteps, steps, offset);

        if (row["error"] is not null)
        {
            var exception = Assert.ThrowsExactly<ArgumentException>(() => PeerTimesteps.ByKind(kind, trainingTimesteps, steps, offset));
            Assert.AreEqual(row.Text("message"), exception.Message);
            return;
        }

        var expected = row.Ints("timesteps");
        CollectionAssert.AreEqual(expected, PeerTimesteps.ByKind(kind, trainingTimesteps, steps, offset));

        expected[^1]++;
        CollectionAssert.AreNotEqual(expected, PeerTimesteps.ByKind(kind, trainingTimesteps, steps, offset));
    }

    [TestMethod]
    [DynamicData(nameof(OwnRows))]
    public void Resolve_WhereTheFormulaIsThePeers_GivesTheSame(string kind, int trainingTimesteps, string steps, int offset)
    {
        int[] expected = [.. Row(kind, trainingTimesteps, steps, offset).Ints("timesteps").Order()];
        var subset = Own(kind, trainingTimesteps, expected.Length, offset)!;

        var actual = subset.Resolve(trainingTimesteps);

        Assert.HasCount(expected.Length, actual);
        for (var i = 0; i < expected.Length; i++)
        {
            var tolerance =
                IsTie(subset.Spacing, trainingTimesteps, expected.Length, i) ? 1 : 0; // there the last bit of the peer's sum decides
            Assert.AreEqual(expected[i], actual[i], tolerance, $"i = {i}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Respaced))]
    public void Posterior_RespacedRun_EqualsTheReference(int index)
    {
        var row = _tables["respaced_guided"]![index]!;

        CompareRespaced(row);

        foreach (var table in row.AsObject()
            .Where(entry => entry.Value is JsonArray && entry.Key != "timestep_map")
            .Select(entry => entry.Key)
            .ToArray())
        {
            var changed = row.DeepClone();
            var numbers = changed[table]!.AsArray();
            numbers[numbers.Count / 2] = numbers[numbers.Count / 2]!.GetValue<double>() * (1 + 1e-8);
            GoldenAssert.Fails(() => CompareRespaced(changed), table);
        }
    }

    private static void CompareRespaced(JsonNode row)
    {
        var schedule = PeerSchedules.Guided(new JsonObject { ["T"] = row.Int("T"), ["beta_schedule"] = row.Text("base_schedule") });
        var map = PeerTimesteps.Guided(row.Int("T"), row["sections"]!.ToString());
        CollectionAssert.AreEqual(row.Ints("timestep_map"), map);

        var levels = Array.ConvertAll(map, schedule.AlphaBar);
        Posterior[] posteriors = [.. levels.Select((alphaBar, i) => Posterior.Between(alphaBar, i == 0 ? 1 : levels[i - 1]))];
        foreach (var (name, value) in row.AsObject().Where(entry => entry.Value is JsonArray && entry.Key != "timestep_map"))
        {
            double[] actual = name switch
            {
                "betas" => [.. posteriors.Select(posterior => posterior.Beta)],
                "alphas_cumprod" => levels,
                "posterior_variance" => [.. posteriors.Select(posterior => posterior.Variance)],
                "posterior_log_variance_clipped" => [.. posteriors.Select((_, i) => Math.Log(posteriors[Math.Max(1, i)].Variance))],
                "posterior_mean_coef1" => [.. posteriors.Select(posterior => posterior.OriginalCoefficient)],
                "posterior_mean_coef2" => [.. posteriors.Select(posterior => posterior.NoisyCoefficient)],
                _ => throw new NotSupportedException($"The table '{name}' is not known."),
            };
            GoldenAssert.AreClose(row.Numbers(name), actual, name, absolute: 1e-15, relative: 1e-10);
        }
    }

    private static TimestepSubset? Own(string kind, int trainingTimesteps, int steps, int offset) => kind switch
    {
        _ when steps == 1 || offset != 0 => null,
        "ermongroup_uniform" or "diffusers_ddpm_ddim_leading" or "diffusers_ddim_inverse_leading" when trainingTimesteps % steps == 0 => TimestepSubset.Uniform(steps),
        "ermongroup_quad" => TimestepSubset.Quadratic(steps),
        "diffusers_ddpm_ddim_linspace" => TimestepSubset.Linspace(steps),
        "diffusers_ddpm_ddim_trailing" or "diffusers_ddim_inverse_trailing" or "diffusers_dpmsolver_multistep_trailing" => TimestepSubset.Trailing(steps),
        _ => null,
    };

    /// <summary>Whether the formula's exact value lies where rounding jumps: at a half, or for the truncated squares at a whole number.</summary>
    private static bool IsTie(string spacing, long trainingTimesteps, long steps, long i) => spacing switch
    {
        "linspace" => 2 * i * (trainingTimesteps - 1) % (steps - 1) == 0 && i * (trainingTimesteps - 1) % (steps - 1) != 0,
        "trailing" => 2 * (i + 1) * trainingTimesteps % steps == 0 && (i + 1) * trainingTimesteps % steps != 0,
        "quadratic" => 4 * i * i * trainingTimesteps % (5 * (steps - 1) * (steps - 1)) == 0 && i > 0,
        _ => false,
    };

    private static JsonNode Row(string kind, int trainingTimesteps, string steps, int offset) => Subsets.First(row =>
        row.Text("kind") == kind
            && row.Int("T") == trainingTimesteps
            && row["S"]!.ToString() == steps
            && row.Int("steps_offset", 0) == offset);
}
