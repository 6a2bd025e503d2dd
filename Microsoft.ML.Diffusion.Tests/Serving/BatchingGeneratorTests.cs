using Microsoft.ML.Diffusion.Tests.Fixtures;
using static Microsoft.ML.Diffusion.Tests.Serving.ServedTiny;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>Which requests are joined, and that each gets the image of its seed.</summary>
[TestClass]
public sealed class BatchingGeneratorTests
{
    private static readonly Sampler[] _samplers =
        [new DdimSampler(4), new DdimSampler(5, 0.5), new DdpmSampler(5), new DpmSolverSampler(4, stochastic: true), new HeunSampler(3)];

    public static IEnumerable<object[]> Samplers => _samplers.Index().Select(sampler => new object[] { sampler.Index });

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public async Task Requests_OfOneSampler_AreJoinedAndGetTheImagesOfTheirSeeds(int sampler)
    {
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull);
        var requests = Seeds(0, 4).Select(request => request with { Sampler = _samplers[sampler] with { } }).ToArray();

        var images = await Ask(generator, requests);

        Assert.IsTrue(watched.Counts.All(count => count == 4), string.Join(", ", watched.Counts));
        CollectionAssert.AreEqual(requests.Select(request => Alone(request)).ToArray(), images);
        Assert.AreEqual(4, images.Distinct().Count());
    }

    [TestMethod]
    public async Task Requests_OfClasses_AreJoinedByGuidanceAlone()
    {
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull);
        ImageRequest[] guided = [.. Seeds(0, 4).Select((request, i) => request with { ClassName = i % 2 == 0 ? "even" : "Odd", GuidanceScale = 3 })];
        ImageRequest[] plain = [.. Seeds(4, 4).Select((request, i) => request with { ClassName = i % 2 == 0 ? "even" : "odd", GuidanceScale = 1 })];

        // One of each in turn, so that only what they are decides who goes with whom.
        var images = await Ask(generator, guided.Zip(plain).SelectMany(pair => new[] { pair.First, pair.Second }));

        CollectionAssert.AreEquivalent(new[] { 8, 8, 8, 8, 4, 4, 4, 4 }, watched.Counts, "guided images go through the network twice");
        CollectionAssert.AreEqual(guided.Select(request => Alone(request)).ToArray(), images.Where((_, i) => i % 2 == 0).ToArray());
        CollectionAssert.AreEqual(plain.Select(request => Alone(request)).ToArray(), images.Where((_, i) => i % 2 == 1).ToArray());
    }

    [TestMethod]
    public async Task Requests_WithoutClass_AreJoinedWhateverTheirGuidance()
    {
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull);
        ImageRequest[] requests = [.. Seeds(0, 4).Select((request, i) => request with { GuidanceScale = i })];

        var images = await Ask(generator, requests);

        CollectionAssert.AreEqual(new[] { 4, 4, 4, 4 }, watched.Counts);
        CollectionAssert.AreEqual(requests.Select(request => Alone(request)).ToArray(), images);
    }

    [TestMethod]
    public async Task Requests_OfOneSeed_AreOneImage_AndThatOfTheModelWithoutASeed()
    {
        using var generator = new BatchingGenerator(Tiny, WhenFull);
        var seed = Tiny.Generation.Seed;

        var images = await Ask(generator, new ImageRequest(), new ImageRequest { Seed = seed }, new ImageRequest(), new ImageRequest { Seed = seed + 1 });

        Assert.AreEqual(Alone(new ImageRequest()), images[0]);
        Assert.AreEqual(images[0], images[1]);
        Assert.AreEqual(images[0], images[2]);
        Assert.AreNotEqual(images[0], images[3]);
    }

    [TestMethod]
    public async Task Requests_ThatComeWhileABatchRuns_GatherForTheNextOfTheirKind_TheOldestFirst()
    {
        using var gate = new Gate();
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, AtOnce);
        watched.BeforeCall = call =>
        {
            if (call == 0)
            {
                gate.Pass();
            }
        };
        var first = generator.GenerateAsync(new ImageRequest { Seed = 100, Sampler = new DdimSampler(1) });
        gate.WaitForOne();

        // A rare sampler in the middle of a common one: it is served before what came after it.
        var common = Seeds(0, 6).Select(request => generator.GenerateAsync(request with { Sampler = new DdimSampler(2) })).ToList();
        var rare = generator.GenerateAsync(new ImageRequest { Seed = 6, Sampler = new DdimSampler(3) });
        common.AddRange(Seeds(7, 4).Select(request => generator.GenerateAsync(request with { Sampler = new DdimSampler(2) })));
        Assert.AreEqual(11, generator.QueueLength);
        gate.Open();
        await Task.WhenAll([first, rare, .. common]);

        CollectionAssert.AreEqual(new[] { 1, 4, 4, 4, 4, 1, 1, 1, 2, 2 }, watched.Counts);
        Assert.AreEqual(0, generator.QueueLength);
    }

    [TestMethod]
    public async Task Request_ThatFindsNothingRunning_StartsAfterItsWaitThoughItIsAlone()
    {
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull with { MaximumWait = TimeSpan.FromMilliseconds(1) });

        var image = await Digest(generator.GenerateAsync(new ImageRequest { Seed = 1 }));

        Assert.AreEqual(Alone(new ImageRequest { Seed = 1 }), image);
        CollectionAssert.AreEqual(new[] { 1, 1, 1, 1 }, watched.Counts, "nothing is filled up");
    }

    [TestMethod]
    public async Task Requests_ThatFillABatch_DoNotWaitForAnOlderOneThatHasTime()
    {
        using var generator = new BatchingGenerator(Tiny, WhenFull);
        var rare = generator.GenerateAsync(new ImageRequest { Sampler = new DdimSampler(3) });

        await Ask(generator, Seeds(0, 4));

        Assert.IsFalse(rare.IsCompleted);
        Assert.AreEqual(1, generator.QueueLength);
        generator.Dispose();
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => rare);
    }

    [TestMethod]
    public async Task MaximumBatchSize_Unset_IsThatOfGenerate()
    {
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, new BatchingOptions { MaximumWait = TimeSpan.FromHours(1) });
        var size = new GenerationOptions().BatchSizeFor(watched.Model.Model);

        await Ask(generator, Seeds(0, size).Select(request => request with { Sampler = new DdimSampler(1) }));

        CollectionAssert.AreEqual(new[] { size }, watched.Counts);
    }

    [TestMethod]
    public void Options_OutsideTheirRange_AreRefusedByName()
    {
        foreach (var (options, name) in new[]
        {
            (new BatchingOptions { MaximumBatchSize = 0 }, "MaximumBatchSize"),
            (new BatchingOptions { MaximumBatchSize = 65_537 }, "MaximumBatchSize"),
            (new BatchingOptions { MaximumWait = TimeSpan.FromTicks(-1) }, "MaximumWait"),
            (new BatchingOptions { MaximumWait = TimeSpan.FromDays(1.1) }, "MaximumWait"),
            (new BatchingOptions { QueueLimit = 0 }, "QueueLimit"),
        })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new BatchingGenerator(Tiny, options));

            Assert.AreEqual(name, error.ParamName);
            Assert.StartsWith($"{name} must be", error.Message);
        }
    }
}
