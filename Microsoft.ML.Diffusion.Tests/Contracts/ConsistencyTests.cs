using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>One x_T, another number of steps: the same picture in its large features (Song et al. 2021, section 5.2).</summary>
[TestClass]
public sealed class ConsistencyTests
{
    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DataRow(10)]
    [DataRow(20)]
    [DataRow(100)]
    public void Generate_OneSeedAtSeveralNumbersOfSteps_KeepsTheLargeFeatures(int steps)
    {
        const int Count = 16;
        var options = new GenerationOptions { Seed = 21, BatchSize = 8 };
        var model = TrainedModel.Shared;

        var few = model.Generate(Count, options with { Sampler = new DdimSampler(steps) });
        var fifty = model.Generate(Count, options with { Sampler = new DdimSampler(50) });

        var same = few.Zip(fifty, (a, b) => Pictures.Distance(a, b)).Average();
        var others = Enumerable.Range(0, Count).Average(i => Pictures.Distance(few[i], fifty[(i + 1) % Count]));
        Pictures.Digest([.. few, .. fifty]);
        Console.WriteLine(
            FormattableString.Invariant($"{steps} against 50 steps: {same:0.0} levels for one seed, {others:0.0} between seeds"));
        Assert.IsLessThan(others / 4, same, $"{same} against {others}");
    }
}
