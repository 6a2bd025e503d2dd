using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>Likelihoods of parts of a set, saved and merged.</summary>
[TestClass]
public sealed class LikelihoodMergeTests : IDisposable
{
    private static readonly LikelihoodOptions _options = new() { Seed = 1, BatchSize = 3, NumberOfTimesteps = 5, NumberOfFlowSteps = 10 };
    private static readonly MLImage[] _images = [.. Enumerable.Range(0, 7).Select(i => Pictures.Bars(i))];
    private static readonly MLContext _mlContext = new(seed: 1);
    private static DiffusionTransformer _model = null!;

    private readonly TemporaryFolder _folder = new();

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Options with { Schedule = NoiseSchedule.Cosine(12) });

    [ClassCleanup]
    public static void Free()
    {
        _model.Dispose();
        Array.ForEach(_images, image => image.Dispose());
    }

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Merge_SavedParts_IsTheWhole()
    {
        var whole = _model.EvaluateLikelihood(_images, _options);
        var later = _mlContext.Data.SkipRows(_mlContext.Data.TakeRows(Pictures.Rows(_mlContext), 7), 4);
        var first = _model.EvaluateLikelihood(_images[..4], _options);
        first.Save(_folder.File("0.json"));
        _mlContext.Diffusion.EvaluateLikelihood(_model, later, options: _options with { FirstImage = 4 }).Save(_folder.File("1.json"));

        var merged = LikelihoodMetrics.Merge([LikelihoodMetrics.Load(_folder.File("0.json")), LikelihoodMetrics.Load(_folder.File("1.json"))]);

        GoldenAssert.AreClose(whole.PerImage, merged.PerImage, "per image", relative: 1e-12);
        GoldenAssert.AreClose(whole.FlowPerImage!, merged.FlowPerImage!, "by the flow", relative: 1e-12);
        GoldenAssert.AreClose(
            [whole.Prior, whole.Divergence, whole.Decoder, whole.StandardError],
            [merged.Prior, merged.Divergence, merged.Decoder, merged.StandardError],
            "parts of the bound",
            relative: 1e-12);
        Assert.AreEqual($"{first}", $"{LikelihoodMetrics.Load(_folder.File("0.json"))}");
        CollectionAssert.AreEqual(first.Terms.ToArray(), LikelihoodMetrics.Load(_folder.File("0.json")).Terms.ToArray(), "to the bit");
    }

    [TestMethod]
    public void Merge_PartsThatDoNotGoTogether_SaysWhy()
    {
        var some = _model.EvaluateLikelihood(_images[..1], _options);

        Messages.Expect<ArgumentException>(
            "parts must be judged at the same timesteps, because the terms of each are added up. Give all the same Seed and NumberOfTimesteps. (Parameter 'parts')",
            () => LikelihoodMetrics.Merge([some, _model.EvaluateLikelihood(_images[1..2], _options with { NumberOfTimesteps = null })]));
        Messages.Expect<ArgumentException>(
            "parts must all be judged with NumberOfFlowSteps or all without, because the mean is over all images. (Parameter 'parts')",
            () => LikelihoodMetrics.Merge([some, _model.EvaluateLikelihood(_images[1..2], _options with { NumberOfFlowSteps = null })]));
        Messages.Expect<ArgumentException>(
            "parts must hold the figures of at least one part. (Parameter 'parts')",
            () => LikelihoodMetrics.Merge([]));
    }

    [TestMethod]
    [DataRow("content", "\"poem\"", "it says to be 'poem', not 'Microsoft.ML.Diffusion likelihood'.")]
    [DataRow("version", "2", "it is of version 2, but this library reads version 1. Update the package.")]
    [DataRow("training_timesteps", "2000000000", "its training_timesteps must be from 1 to 10000.")]
    [DataRow("timesteps", "[1,2]", "its timesteps must begin with 0 and be no more than there are.")]
    [DataRow("timesteps", "[0,9,9,9,9]", "its timesteps are none that an evaluation draws.")]
    [DataRow("divergences", "[1]", "its divergences must be as many as its timesteps but 0.")]
    [DataRow("per_image", "[]", "it must be of at least one image.")]
    [DataRow("flow", "[1,2,3]", "its flow must be of each image or of none.")]
    public void Load_Damaged_SaysWhatIsWrong(string key, string value, string message)
    {
        var path = _folder.File("part.json");
        _model.EvaluateLikelihood(_images[..2], _options).Save(path);
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json[key] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());

        Messages.Expect<FormatException>($"The likelihood {path} cannot be used: {message}", () => LikelihoodMetrics.Load(path));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("null")]
    [DataRow("[]")]
    [DataRow("{}")]
    [DataRow("""{"content":null}""")]
    public void Load_NoLikelihood_IsRefused(string text)
    {
        File.WriteAllText(_folder.File("part.json"), text);

        StringAssert.StartsWith(
            Assert.ThrowsExactly<FormatException>(() => LikelihoodMetrics.Load(_folder.File("part.json"))).Message,
            $"The likelihood {_folder.File("part.json")} cannot be used: ");
    }
}
