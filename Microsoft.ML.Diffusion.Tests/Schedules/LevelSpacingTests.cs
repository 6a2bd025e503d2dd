using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Schedules;

/// <summary>Runs over noise levels within a range, instead of over timesteps.</summary>
[TestClass]
public sealed class LevelSpacingTests
{
    private static readonly NoiseSchedule _cosine = NoiseSchedule.Cosine();

    public static IEnumerable<object[]> Subsets => [[TimestepSubset.Karras(18)], [TimestepSubset.LogSnr(18)]];

    [TestMethod]
    [TestCategory(TestCategories.Golden)]
    public void EvenLogSnr_RecordedExponentialTables_GivesEveryNumber()
    {
        var tables =
            GoldenFolder.ReadJson("kdiffusion_sigmas.json")["tables"]!.AsArray()
                .Where(table => table!.Text("fn") == "get_sigmas_exponential")
                .ToList();
        Assert.IsNotEmpty(tables);

        foreach (var table in tables)
        {
            var expected = table!.Numbers("sigmas")[..^1]; // the peer appends 0
            var sigmas = LevelSpacing.EvenLogSnr(table!.Int("n"), table!.Number("sigma_min", 0), table!.Number("sigma_max", 0));

            GoldenAssert.AreClose(expected, sigmas, "sigmas", relative: 1e-12);
            GoldenAssert.Fails(
                () => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-9), sigmas, "sigmas", relative: 1e-12),
                "sigmas");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Subsets))]
    public void Reverse_CosineSchedule_GoesFromEightyToTheLowestLevel(TimestepSubset subset)
    {
        var steps = SamplingStep.Reverse(subset, _cosine);

        Assert.HasCount(18, steps);
        Assert.AreEqual(80, KarrasSpacing.Sigma(steps[0].AlphaBar), 1e-9);
        Assert.AreEqual(0, steps[^1].Timestep, 1e-6);
        Assert.AreEqual(_cosine.AlphaBar(0), steps[^1].AlphaBar, 1e-12);
        Assert.AreEqual(1.0, steps[^1].AlphaBarPrevious);
        Assert.IsTrue(
            steps.Zip(steps.Skip(1)).All(
                pair => pair.First.AlphaBarPrevious == pair.Second.AlphaBar && pair.First.Timestep > pair.Second.Timestep));

        // x is standard normal at the start of a run; of data with the variance of images it would have this deviation.
        Assert.AreEqual(1, Math.Sqrt((0.25 * steps[0].AlphaBar) + 1 - steps[0].AlphaBar), 1e-4);
    }

    [TestMethod]
    public void Reverse_LogSnr_StepsAreEqualInLambda()
    {
        var steps = SamplingStep.Reverse(TimestepSubset.LogSnr(9), _cosine);

        var lambdas = steps.Select(step => 0.5 * Math.Log(step.AlphaBar / (1 - step.AlphaBar))).ToArray();

        for (var i = 1; i < lambdas.Length; i++)
        {
            Assert.AreEqual((lambdas[^1] - lambdas[0]) / 8, lambdas[i] - lambdas[i - 1], 1e-9);
        }
    }

    // The network is told the time at which training saw the level.
    [TestMethod]
    [DynamicData(nameof(Subsets))]
    public void Reverse_EachTime_HasTheStepsLevel(TimestepSubset subset)
    {
        var table = new LevelTable(_cosine);

        foreach (var step in SamplingStep.Reverse(subset, _cosine))
        {
            Assert.AreEqual(step.AlphaBar, table.AlphaBar(step.Timestep), 1e-12);
        }
    }

    [TestMethod]
    public void Reverse_RangeOfYourOwn_IsKeptWithinTheSchedule()
    {
        double[] Ends(TimestepSubset subset, NoiseSchedule schedule) =>
            [.. new[] { 0, ^1 }.Select(i => KarrasSpacing.Sigma(SamplingStep.Reverse(subset, schedule)[i].AlphaBar))];
        var scaled = NoiseSchedule.ScaledLinear();
        var (lowest, highest) = (KarrasSpacing.Sigma(scaled.AlphaBar(0)), KarrasSpacing.Sigma(scaled.AlphaBar(999)));
        Assert.IsLessThan(80, highest); // 37

        foreach (var (subset, first, last) in new[]
        {
            (TimestepSubset.LogSnr(5), highest, lowest),
            (TimestepSubset.Karras(5), highest, lowest),
            (TimestepSubset.LogSnr(5, sigmaMax: 10, sigmaMin: 0.5), 10, 0.5),
            (TimestepSubset.Karras(5, rho: 3, sigmaMax: 10, sigmaMin: 0.5), 10, 0.5),
            (TimestepSubset.Karras(5, sigmaMin: 1e-9), highest, lowest),
        })
        {
            var ends = Ends(subset, scaled);
            Assert.AreEqual(first, ends[0], 1e-9 * first, $"{subset}");
            Assert.AreEqual(last, ends[1], 1e-9 * last, $"{subset}");
        }
    }

    [TestMethod]
    public void Reverse_NoSignalAtTheEnd_BeginsWhereThereIsSome()
    {
        var steps =
            SamplingStep.Reverse(TimestepSubset.LogSnr(8, sigmaMax: double.PositiveInfinity), NoiseSchedule.Linear().WithZeroTerminalSnr());

        Assert.AreEqual(998, steps[0].Timestep, 1e-6);
        Assert.AreEqual(0, new LevelTable(NoiseSchedule.Linear().WithZeroTerminalSnr()).AlphaBar(999));
    }

    [TestMethod]
    public void Texts_TellWhatIsNotTheDefault()
    {
        Assert.AreEqual("5 log-snr steps", TimestepSubset.LogSnr(5).ToString());
        Assert.AreEqual("5 log-snr steps from sigma 20 to sigma 0.1", TimestepSubset.LogSnr(5, 20, 0.1).ToString());
        Assert.AreEqual(
            "5 karras steps of rho 3 from the schedule's highest level",
            TimestepSubset.Karras(5, 3, double.PositiveInfinity).ToString());
        Assert.AreEqual(TimestepSubset.LogSnr(5), TimestepSubset.LogSnr(5));
        Assert.AreNotEqual(TimestepSubset.LogSnr(5), TimestepSubset.LogSnr(5, sigmaMax: 20));
        Assert.AreNotEqual(TimestepSubset.LogSnr(5), TimestepSubset.Karras(5));
    }

    [TestMethod]
    public void RangesThatCannotBe_SayWhy()
    {
        const string Maximum =
            "sigmaMax must be above 0, because it is the noise, in units of the signal, that a run begins at; infinity is all that the schedule has. (Parameter 'sigmaMax')\nActual value was ";
        const string Minimum =
            "sigmaMin must be above 0 and below sigmaMax (80), because a run goes down from the one to the other; leave it null for the schedule's lowest. (Parameter 'sigmaMin')\nActual value was ";

        Messages.Expect<ArgumentOutOfRangeException>(Maximum + "0.", () => TimestepSubset.LogSnr(5, sigmaMax: 0));
        Messages.Expect<ArgumentOutOfRangeException>(Maximum + "NaN.", () => TimestepSubset.Karras(5, sigmaMax: double.NaN));
        Messages.Expect<ArgumentOutOfRangeException>(Minimum + "80.", () => TimestepSubset.LogSnr(5, sigmaMin: 80));
        Messages.Expect<ArgumentOutOfRangeException>(Minimum + "0.", () => TimestepSubset.Karras(5, sigmaMin: 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TimestepSubset.LogSnr(0));
        Messages.Expect<ArgumentOutOfRangeException>(
            "sigmaMin and sigmaMax must leave the steps a range of noise levels, because several steps cannot be spaced at one; the schedule goes from 0.01 to 157.4. (Parameter 'sigmaMax')\nActual value was 0.005.",
            () => SamplingStep.Reverse(TimestepSubset.LogSnr(5, sigmaMax: 0.005), NoiseSchedule.Linear()));
    }

    [TestMethod]
    public void LogSnr_WholeTimestepsAsked_SaysWhyNot()
    {
        Messages.Expect<InvalidOperationException>(
            "LogSnr spacing has no whole timesteps, because it spaces the noise levels of a schedule. Use another spacing where a list of timesteps is needed.",
            () => TimestepSubset.LogSnr(5).Resolve(1000));
        Assert.ThrowsExactly<InvalidOperationException>(() => TimestepSubset.LogSnr(5).Pairs(1000));
    }
}
