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
        double[] Weights(PredictionType prediction, double power = 1) =>
            Array.ConvertAll(timesteps, t => new MinimumSnr(gamma, power).Weight(prediction, schedule.SignalToNoiseRatio[t]));

        foreach (var (name, actual) in new[]
        {
            ("snr", Array.ConvertAll(timesteps, t => schedule.SignalToNoiseRatio[t])),
            ("weight_x0", Weights(PredictionType.Sample)),
            ("weight_epsilon", Weights(PredictionType.Epsilon)),
            ("weight_v", Weights(PredictionType.VPrediction)),
            ("weight_x0", Array.ConvertAll(Weights(PredictionType.Sample, 0.5), weight => weight * weight)),
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
    [DataRow(0.09)]
    [DataRow(9)]
    [DataRow(1e6)]
    public void Weight_OfAnyPower_IsThatOfOneErrorOfTheImage(double snr)
    {
        var weights = new MinimumSnr(Gamma: 4, Power: 0.5);
        var expected = snr < 4 ? Math.Sqrt(snr) : 2;

        Assert.AreEqual(expected, weights.Weight(PredictionType.Sample, snr), 1e-12);
        Assert.AreEqual(expected, weights.Weight(PredictionType.Epsilon, snr) * snr, 1e-12);
        Assert.AreEqual(expected, weights.Weight(PredictionType.VPrediction, snr) * (snr + 1), 1e-12);
    }

    [TestMethod]
    public void Weight_WithoutSignal_IsTheLimit()
    {
        foreach (var prediction in Enum.GetValues<PredictionType>())
        {
            var weights = new MinimumSnr(Gamma: 5, Power: 1);
            Assert.AreEqual(prediction == PredictionType.Epsilon ? 1 : 0, weights.Weight(prediction, snr: 0));
            Assert.AreEqual(weights.Weight(prediction, snr: 1e-12), weights.Weight(prediction, snr: 0), 1e-11);
        }
    }
}
