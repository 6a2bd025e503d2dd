using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Schedules;

[TestClass]
public sealed class KarrasSpacingTests
{
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear();

    [TestMethod]
    [TestCategory(TestCategories.Golden)]
    public void Sigmas_RecordedTables_GiveEveryNumber()
    {
        // The file has other spacings too, which the product does not: polyexponential, vp. Exponential is LogSnr.
        var tables =
            GoldenFolder.ReadJson("kdiffusion_sigmas.json")["tables"]!.AsArray()
                .Where(table => table!.Text("fn") == "get_sigmas_karras")
                .ToList();
        Assert.IsNotEmpty(tables);

        foreach (var table in tables)
        {
            var expected = table!.Numbers("sigmas")[..^1]; // the peer appends 0
            var sigmas =
                KarrasSpacing.Sigmas(
                    table!.Int("n"),
                    table!.Number("sigma_min", 0),
                    table!.Number("sigma_max", 0),
                    table!.Number("rho", 7));

            GoldenAssert.AreClose(expected, sigmas, "sigmas", relative: 1e-12);
            GoldenAssert.Fails(
                () => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-9), sigmas, "sigmas", relative: 1e-12),
                "sigmas");
        }
    }

    [TestMethod]
    public void Sigmas_OneLevel_IsTheMaximum() => Assert.AreEqual(40, KarrasSpacing.Sigmas(1, 0.02, 40, 7).Single(), 1e-12);

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(500)]
    [DataRow(999)]
    public void Timestep_LevelOfTheTable_IsItsIndex(int timestep)
    {
        double[] logs = [.. _schedule.AlphasCumulativeProduct.Select(alphaBar => Math.Log(KarrasSpacing.Sigma(alphaBar)))];

        Assert.AreEqual(timestep, KarrasSpacing.Timestep(Math.Exp(logs[timestep]), logs), 1e-9);
    }

    [TestMethod]
    public void Timestep_BetweenTwoEntries_IsInterpolatedInLogSigma()
    {
        double[] logs = [-1, 0, 2];

        Assert.AreEqual(0.25, KarrasSpacing.Timestep(Math.Exp(-0.75), logs), 1e-12);
        Assert.AreEqual(1.5, KarrasSpacing.Timestep(Math.Exp(1), logs), 1e-12);
        Assert.AreEqual(0, KarrasSpacing.Timestep(1e-9, logs));
        Assert.AreEqual(2, KarrasSpacing.Timestep(1e9, logs));
    }

    [TestMethod]
    public void Reverse_KarrasSubset_SpansTheScheduleAndEndsClean()
    {
        var steps = SamplingStep.Reverse(TimestepSubset.Karras(12, sigmaMax: double.PositiveInfinity), _schedule);

        Assert.HasCount(12, steps);
        Assert.AreEqual(999, steps[0].Timestep, 1e-6);
        Assert.AreEqual(0, steps[^1].Timestep, 1e-6);
        Assert.AreEqual(_schedule.AlphaBar(999), steps[0].AlphaBar, 1e-15);
        Assert.AreEqual(1.0, steps[^1].AlphaBarPrevious);
        CollectionAssert.AreEqual(
            steps.Skip(1).Select(step => step.AlphaBar).ToArray(),
            steps.SkipLast(1).Select(step => step.AlphaBarPrevious).ToArray());
        CollectionAssert.AreEqual(steps.Select(step => step.AlphaBar).Order().ToArray(), steps.Select(step => step.AlphaBar).ToArray());
    }

    [TestMethod]
    public void Reverse_KarrasSubsetWithoutTerminalSignal_StartsWhereThereIsSome()
    {
        var schedule = NoiseSchedule.Linear().WithZeroTerminalSnr();

        var steps = SamplingStep.Reverse(TimestepSubset.Karras(8, sigmaMax: double.PositiveInfinity), schedule);

        Assert.AreEqual(998, steps[0].Timestep, 1e-6);
        Assert.IsGreaterThan(0, steps[0].AlphaBar);
    }

    [TestMethod]
    public void Karras_OneStepOrMoreThanTheSchedule_IsAllowed()
    {
        Assert.HasCount(1, SamplingStep.Reverse(TimestepSubset.Karras(1), NoiseSchedule.Linear(10)));
        Assert.HasCount(30, SamplingStep.Reverse(TimestepSubset.Karras(30), NoiseSchedule.Linear(10)));
    }

    [TestMethod]
    public void Karras_EqualityAndText_TellRhoApart()
    {
        Assert.AreEqual(TimestepSubset.Karras(5), TimestepSubset.Karras(5));
        Assert.AreNotEqual(TimestepSubset.Karras(5), TimestepSubset.Karras(5, rho: 3));
        Assert.AreEqual("5 karras steps", TimestepSubset.Karras(5).ToString());
        Assert.AreEqual("5 karras steps of rho 2.5", TimestepSubset.Karras(5, 2.5).ToString());
    }

    [TestMethod]
    public void Karras_WholeTimestepsAsked_SaysWhyNot()
    {
        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => TimestepSubset.Karras(5).Resolve(1000));

        Assert.AreEqual(
            "Karras spacing has no whole timesteps, because it spaces the noise levels of a schedule. Use another spacing where a list of timesteps is needed.",
            exception.Message);
        Assert.ThrowsExactly<InvalidOperationException>(() => TimestepSubset.Karras(5).Pairs(1000));
    }

    [TestMethod]
    [DataRow(0.5)]
    [DataRow(double.NaN)]
    [DataRow(double.PositiveInfinity)]
    public void Karras_RhoOutsideItsRange_IsRefused(double rho)
    {
        var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TimestepSubset.Karras(5, rho));

        StringAssert.StartsWith(
            exception.Message,
            "rho must be a number of at least 1, because 1 spaces the noise levels evenly and more crowds them where little noise is left. (Parameter 'rho')");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TimestepSubset.Karras(0));
    }
}
