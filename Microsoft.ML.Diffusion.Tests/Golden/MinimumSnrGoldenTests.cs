using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Signal-to-noise ratios and min-SNR-gamma weights equal the references'.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class MinimumSnrGoldenTests
{
    private const double Tolerance = 1e-9;

    private static readonly JsonArray _tables = GoldenFolder.ReadJson("min_snr.json")["tables"]!.AsArray();

    public static IEnumerable<object[]> Tables => Enumerable.Range(0, _tables.Count).Select(i => new object[] { i });

    [TestMethod]
    [DynamicData(nameof(Tables))]
    public void Weight_EqualsTheReference(int index)
    {
        var table = _tables[index]!;
        var (schedule, gamma, timesteps) = (
            PeerSchedules.Guided(new JsonObject { ["T"] = table.Int("T"), ["beta_schedule"] = table.Text("schedule") }),
            table.Number("gamma", double.NaN),
            table.Ints("t"));
        double[] Weights(PredictionType prediction) =>
            Array.ConvertAll(timesteps, t => MinimumSnr.Weight(prediction, schedule.SignalToNoiseRatio[t], gamma));

        foreach (var (name, actual) in new[]
        {
            ("snr", Array.ConvertAll(timesteps, t => schedule.SignalToNoiseRatio[t])),
            ("weight_x0", Weights(PredictionType.Sample)),
            ("weight_epsilon", Weights(PredictionType.Epsilon)),
            ("weight_v", Weights(PredictionType.VPrediction)),
        })
        {
            var expected = table.Numbers(name);
            GoldenAssert.AreClose(expected, actual, name, relative: Tolerance);
            GoldenAssert.Fails(
                () => GoldenAssert.AreClose(
                    GoldenAssert.Changed(expected, 10 * Tolerance * expected[expected.Length / 2]),
                    actual,
                    name,
                    relative: Tolerance),
                name);
        }
    }

    [TestMethod]
    public void Weight_WithoutSignal_IsTheLimit()
    {
        foreach (var prediction in Enum.GetValues<PredictionType>())
        {
            Assert.AreEqual(prediction == PredictionType.Epsilon ? 1 : 0, MinimumSnr.Weight(prediction, snr: 0, gamma: 5));
            Assert.AreEqual(MinimumSnr.Weight(prediction, snr: 1e-12, gamma: 5), MinimumSnr.Weight(prediction, snr: 0, gamma: 5), 1e-11);
        }
    }
}
