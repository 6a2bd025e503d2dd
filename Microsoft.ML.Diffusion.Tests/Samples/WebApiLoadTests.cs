using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>The sample WebApi with many clients: the small part of <c>fuzz -- service</c>.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
[OSCondition(OperatingSystems.Linux)]
public sealed class WebApiLoadTests
{
    [TestMethod]
    public async Task Clients_ThatCancelDieAndAskNonsense_EachGetsTheImageOfItsSeed()
    {
        using var folder = new TemporaryFolder();
        string[] models = [Train(folder.File("a.zip"), seed: 1), Train(folder.File("b.zip"), seed: 2)];
        using var load = await ServiceLoad.StartAsync(SampleProcess.Assembly("WebApi"), folder.Path, models, steps: [2, 3]);

        await load.RunAsync(count: 300, swapEvery: 60, measureEvery: 100);

        Assert.IsEmpty(load.Faults, string.Join('\n', load.Faults));
        foreach (var what in (string[])["OK", "BadRequest", "killed", "cancelled", "swaps"])
        {
            Assert.IsTrue(load.Counts.ContainsKey(what), load.ToString());
        }

        Assert.IsGreaterThanOrEqualTo(3, load.Counts["swaps"], load.ToString());
    }

    private static string Train(string path, int seed)
    {
        using var model = TinyModel.Train(TinyModel.Labelled with { Seed = seed });
        new MLContext().Diffusion.SaveModel(model, null, path);
        return path;
    }
}
