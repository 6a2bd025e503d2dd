using Microsoft.ML.Diffusion.Samples;

namespace Microsoft.ML.Diffusion.Tests.Samples;

[TestClass]
public sealed class OptionNamesTests
{
    [TestMethod]
    [DataRow("ddim", null, 0.5, "DdimSampler", 50)]
    [DataRow("ddpm", null, 0.0, "DdpmSampler", 250)]
    [DataRow("dpm-solver", null, 0.0, "DpmSolverSampler", 20)]
    [DataRow("sde-dpm-solver", null, 0.0, "DpmSolverSampler", 20)]
    [DataRow("unipc", null, 0.0, "UniPcSampler", 20)]
    [DataRow("heun", 7, 0.0, "HeunSampler", 7)]
    [DataRow("euler", null, 0.0, "EulerSampler", 50)]
    public void ToSampler_Name_GivesItWithItsSteps(string name, int? steps, double eta, string type, int expected)
    {
        var sampler = OptionNames.ToSampler(name, steps, eta);

        Assert.AreEqual(type, sampler.GetType().Name);
        Assert.MatchesRegex($"\\b{expected} .*steps", $"{sampler}");
        Assert.AreEqual(eta, (sampler as DdimSampler)?.Eta ?? 0);
    }

    [TestMethod]
    public void Names_AllOfThem_AreUnderstood()
    {
        Assert.HasCount(7, OptionNames.Samplers.Select(name => OptionNames.ToSampler(name)).Distinct().ToList());
        Assert.HasCount(4, OptionNames.Schedules.Select(name => OptionNames.ToSchedule(name).ToString()).Distinct().ToList());
        Assert.HasCount(3, OptionNames.Predictions.Select(OptionNames.ToPrediction).Distinct().ToList());
    }

    [TestMethod]
    public void ToSampler_UnknownName_ListsTheNames() => AssertSays(
        "--sampler must be ddim, ddpm, dpm-solver, sde-dpm-solver, unipc, heun or euler, but is 'plms'.", () => OptionNames.ToSampler("plms"));

    [TestMethod]
    public void ToSampler_EtaOfAnother_SaysWhoseItIs() => AssertSays(
        "--eta must be 0 with --sampler heun, because it scales the noise of ddim only.", () => OptionNames.ToSampler("heun", eta: 1));

    [TestMethod]
    public void ToSchedule_UnknownName_ListsTheNames() => AssertSays(
        "--schedule must be linear, scaled-linear, cosine or sigmoid, but is 'square'.", () => OptionNames.ToSchedule("square"));

    [TestMethod]
    public void ToPrediction_UnknownName_ListsTheNames() => AssertSays(
        "--prediction must be epsilon, sample or v, but is 'x0'.", () => OptionNames.ToPrediction("x0"));

    private static void AssertSays(string message, Func<object> action) =>
        Assert.AreEqual(message, Assert.ThrowsExactly<ArgumentException>(action).Message);
}
