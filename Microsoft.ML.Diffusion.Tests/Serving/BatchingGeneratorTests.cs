using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>What requests are joined, and that each gets its own image.</summary>
[TestClass]
public sealed class BatchingGeneratorTests
{
    private static readonly BatchingOptions _four = new() { MaximumBatchSize = 4, MaximumWait = TimeSpan.FromHours(1) };
    private static readonly DiffusionTransformer _trained = TinyModel.Train(TinyModel.Labelled);

    [ClassCleanup]
    public static void Free() => _trained.Dispose();

    [TestMethod]
    public async Task Requests_OfOneSampler_AreJoinedAndEachGetsTheImageOfItsSeed()
    {
        using var watched = new WatchedModel(_trained);
        using var generator = new BatchingGenerator(watched.Model, _four);

        var images = await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => generator.GenerateAsync(new ImageRequest { Seed = seed })));

        CollectionAssert.AreEqual(new[] { 4, 4, 4, 4 }, watched.Counts, "four steps of one batch");
        var expected = Enumerable.Range(0, 4).Select(seed => Alone(new ImageRequest { Seed = seed })).ToArray();
        CollectionAssert.AreEqual(expected, Pictures.Digests(images));
        Assert.AreEqual(4, expected.Distinct().Count());
    }

    private static string Alone(ImageRequest request)
    {
        var options = _trained.Generation with
        {
            Seed = request.Seed,
            Sampler = request.Sampler ?? _trained.Generation.Sampler,
            GuidanceScale = request.GuidanceScale ?? _trained.Generation.GuidanceScale,
        };
        return Pictures.Digest(request.ClassName is { } name ? _trained.Generate([name], options) : _trained.Generate(1, options));
    }
}
