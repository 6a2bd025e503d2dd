using Microsoft.ML.Diffusion.Tests.Fixtures;
using static Microsoft.ML.Diffusion.Tests.Serving.ServedTiny;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>Bad requests, full queues and networks that fail.</summary>
[TestClass]
public sealed class BatchingFaultTests
{
    [TestMethod]
    public async Task BadRequest_FailsAtOnceAndAlone()
    {
        using var generator = new BatchingGenerator(Tiny, WhenFull);
        var others = Seeds(0, 3).Select(request => generator.GenerateAsync(request)).ToArray();

        foreach (var (request, name, message) in new[]
        {
            (new ImageRequest { ClassName = "evn" }, "ClassName", "ClassName must be among the names that the model was trained with: even, odd. Did you mean 'even'?"),
            (new ImageRequest { GuidanceScale = -1 }, "GuidanceScale", "GuidanceScale must be a number of at least 0"),
            (new ImageRequest { ClassName = "even", GuidanceScale = double.NaN }, "GuidanceScale", "GuidanceScale must be a number of at least 0"),
            (new ImageRequest { Sampler = new DdpmSampler(5, DdpmVariance.Learned) }, "Variance", "Variance "),
        })
        {
            var bad = generator.GenerateAsync(request);

            Assert.IsTrue(bad.IsFaulted, "before it returns");
            var error = await Assert.ThrowsExactlyAsync<ArgumentOutOfRangeException>(() => bad);
            Assert.StartsWith(message, error.Message);
            Assert.AreEqual(name, error.ParamName);
        }

        Assert.AreEqual(3, generator.QueueLength);
        await generator.GenerateAsync(new ImageRequest { Seed = 3 });
        await Task.WhenAll(others);
    }

    [TestMethod]
    public async Task Null_IsRefused()
    {
        using var generator = new BatchingGenerator(Tiny);

        Assert.ThrowsExactly<ArgumentNullException>(() => new BatchingGenerator(null!));
        await Assert.ThrowsExactlyAsync<ArgumentNullException>(() => generator.GenerateAsync(null!));
        await Assert.ThrowsExactlyAsync<ArgumentNullException>(() => generator.ReplaceAsync(null!));
    }

    [TestMethod]
    public async Task QueueFull_RefusesOneMore_UntilThereIsRoom()
    {
        using var gate = new Gate();
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, AtOnce with { QueueLimit = 2 });
        watched.BeforeCall = call =>
        {
            if (call == 0)
            {
                gate.Pass();
            }
        };
        var running = generator.GenerateAsync(new ImageRequest { Seed = 0 });
        gate.WaitForOne();
        var waiting = Seeds(1, 2).Select(request => generator.GenerateAsync(request)).ToArray();

        var error = await Assert.ThrowsExactlyAsync<QueueFullException>(() => generator.GenerateAsync(new ImageRequest { Seed = 3 }));

        Assert.AreEqual(2, error.Limit);
        Assert.AreEqual(TimeSpan.FromSeconds(1), error.RetryAfter, "before there was any batch");
        Assert.AreEqual("The queue is full: 2 images wait, and QueueLimit allows no more. Ask again in 1 s, or raise QueueLimit.", error.Message);
        gate.Open();
        await Task.WhenAll([running, .. waiting]);
        Assert.AreEqual(Alone(new ImageRequest { Seed = 3 }), await Digest(generator.GenerateAsync(new ImageRequest { Seed = 3 })));
    }

    [TestMethod]
    public async Task Network_ThatFails_FailsTheRequestsOfItsBatchAlone()
    {
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull);
        watched.BeforeCall = call =>
        {
            if (call == 2)
            {
                throw new InvalidOperationException("broken");
            }
        };

        foreach (var request in Seeds(0, 4).Select(request => generator.GenerateAsync(request)).ToArray())
        {
            Assert.AreEqual("broken", (await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => request)).Message);
        }

        CollectionAssert.AreEqual(Seeds(4, 4).Select(request => Alone(request)).ToArray(), await Ask(generator, Seeds(4, 4)));
    }
}
