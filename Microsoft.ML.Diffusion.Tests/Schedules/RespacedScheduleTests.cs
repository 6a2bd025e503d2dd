using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Schedules;

[TestClass]
public sealed class RespacedScheduleTests
{
    public static IEnumerable<object[]> Subsets =>
        [
            [TimestepSubset.Uniform(7)],
            [TimestepSubset.Trailing(50)],
            [TimestepSubset.Of(0, 3, 999)],
            [TimestepSubset.Trailing(1)],
            [TimestepSubset.Trailing(1000)],
        ];

    [TestMethod]
    [DynamicData(nameof(Subsets))]
    public void Respaced_AnySubset_KeepsItsAlphaBars(TimestepSubset subset)
    {
        foreach (var schedule in new[] { NoiseSchedule.Linear(), NoiseSchedule.Cosine(), NoiseSchedule.Cosine().WithZeroTerminalSnr() })
        {
            var respaced = schedule.Respaced(subset);

            double[] expected = [.. subset.Resolve(1000).Select(t => schedule.AlphasCumulativeProduct[t])];
            Golden.GoldenAssert.AreClose(
                expected,
                respaced.AlphasCumulativeProduct,
                "alpha-bar",
                absolute: 1e-15,
                relative: 1e-10); // a beta near 1 leaves its alpha few digits
        }
    }

    [TestMethod]
    public void Respaced_AllTimesteps_HasTheSameBetasAndPosterior()
    {
        var (schedule, respaced) = (NoiseSchedule.Linear(20), NoiseSchedule.Linear(20).Respaced(TimestepSubset.Uniform(20)));

        Golden.GoldenAssert.AreClose(schedule.Betas, respaced.Betas, "beta", relative: 1e-12);
        Golden.GoldenAssert.AreClose(schedule.PosteriorVariance, respaced.PosteriorVariance, "beta~", relative: 1e-10);
        Assert.AreEqual("own betas (T = 20)", respaced.ToString());
    }

    [TestMethod]
    public void Respaced_WhatCannotBe_SaysWhy()
    {
        Messages.Expect<InvalidOperationException>(
            "Karras spacing has no whole timesteps, because it spaces the noise levels of a schedule. Use another spacing where a list of timesteps is needed.",
            () => NoiseSchedule.Linear().Respaced(TimestepSubset.Karras(5)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => NoiseSchedule.Linear(20).Respaced(TimestepSubset.Uniform(21)));
    }

    [TestMethod]
    public void Fit_RespacedSchedule_TrainsAndIsSaved()
    {
        using var folder = new TemporaryFolder();
        var mlContext = new MLContext(seed: 3);
        var schedule = NoiseSchedule.Cosine().Respaced(TimestepSubset.Trailing(10));
        using var model = TinyModel.Train(TinyModel.Options with { Schedule = schedule }, mlContext);

        mlContext.Model.Save(model, Pictures.Rows(mlContext).Schema, folder.Path + "/model.zip");
        using var again = mlContext.Model.Load(folder.Path + "/model.zip", out _).GetDiffusion();

        CollectionAssert.AreEqual(schedule.Betas.ToArray(), again.Schedule.Betas.ToArray());
        CollectionAssert.AreEqual(Pictures.Digests(model.Generate(2)), Pictures.Digests(again.Generate(2)));
    }
}
