using Microsoft.ML.Diffusion.Tests.Fixtures;
using static Microsoft.ML.Diffusion.Tests.Serving.ServedTiny;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>Models that are replaced and disposed while they are served, and generators that are disposed.</summary>
[TestClass]
public sealed class BatchingLifetimeTests
{
    [TestMethod]
    public async Task Replace_WhileRequestsRunAndWait_GivesEachTheImageOfItsModel()
    {
        using var gate = new Gate();
        var (before, after) = (new WatchedModel(Tiny), new WatchedModel(Other));
        using var generator = new BatchingGenerator(before.Model, AtOnce);
        Hold(before, gate);
        var running = generator.GenerateAsync(new ImageRequest { Seed = 0 });
        gate.WaitForOne();
        var waiting = generator.GenerateAsync(new ImageRequest { Seed = 1 });

        var replaced = generator.ReplaceAsync(after.Model);
        before.Dispose(); // as early as can be
        after.Dispose();
        var later = generator.GenerateAsync(new ImageRequest { Seed = 1 });

        Assert.AreSame(after.Model, generator.Model);
        Assert.IsFalse(replaced.IsCompleted);
        Assert.IsFalse(before.IsFreed);
        gate.Open();
        await replaced;
        Assert.IsTrue(before.IsFreed);
        Assert.AreEqual(Alone(new ImageRequest { Seed = 0 }), await Digest(running));
        Assert.AreEqual(Alone(new ImageRequest { Seed = 1 }), await Digest(waiting));
        Assert.AreEqual(Alone(new ImageRequest { Seed = 1 }, Other), await Digest(later));
        Assert.IsFalse(after.IsFreed);
        await generator.DisposeAsync();
        Assert.IsTrue(after.IsFreed);
    }

    [TestMethod]
    public async Task Replace_OfAnIdleModel_IsDoneAtOnce_AndAModelThatOthersUseStays()
    {
        using var before = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(before.Model);

        Assert.IsTrue(generator.ReplaceAsync(Other).IsCompletedSuccessfully);

        Assert.IsFalse(before.IsFreed, "it is the caller's");
        Assert.AreEqual(Alone(new ImageRequest { Seed = 1 }, Other), await Digest(generator.GenerateAsync(new ImageRequest { Seed = 1 })));
    }

    [TestMethod]
    public async Task Replace_ByADisposedModel_IsRefused_AndTheOldGoesOn()
    {
        using var generator = new BatchingGenerator(Tiny, AtOnce);
        var disposed = new WatchedModel(Other);
        disposed.Dispose();

        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => generator.ReplaceAsync(disposed.Model));

        Assert.ThrowsExactly<ObjectDisposedException>(() => new BatchingGenerator(disposed.Model));
        Assert.AreEqual(Alone(new ImageRequest { Seed = 1 }), await Digest(generator.GenerateAsync(new ImageRequest { Seed = 1 })));
    }

    [TestMethod]
    public async Task Dispose_EndsWhatWaitsAndWhatRuns()
    {
        using var gate = new Gate();
        using var watched = new WatchedModel(Tiny);
        var generator = new BatchingGenerator(watched.Model, AtOnce);
        Hold(watched, gate);
        var running = generator.GenerateAsync(new ImageRequest { Seed = 0 });
        gate.WaitForOne();
        var waiting = generator.GenerateAsync(new ImageRequest { Seed = 1 });

        generator.Dispose();
        generator.Dispose();

        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => running);
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => waiting);
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => generator.GenerateAsync(new ImageRequest()));
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => generator.ReplaceAsync(Other));
        Assert.AreEqual(0, generator.QueueLength);
        gate.Open();
        await generator.DisposeAsync();
        CollectionAssert.AreEqual(new[] { 1 }, watched.Counts, "it stops after its step");
    }

    [TestMethod]
    public async Task DisposeAsync_LetsWhatRunsEnd_AndEndsWhatWaits()
    {
        using var gate = new Gate();
        using var watched = new WatchedModel(Tiny);
        var generator = new BatchingGenerator(watched.Model, AtOnce);
        Hold(watched, gate);
        var running = generator.GenerateAsync(new ImageRequest { Seed = 0 });
        gate.WaitForOne();
        var waiting = generator.GenerateAsync(new ImageRequest { Seed = 1 });

        var disposed = generator.DisposeAsync();

        Assert.IsFalse(disposed.IsCompleted);
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => waiting);
        gate.Open();
        await disposed;
        Assert.IsTrue(running.IsCompleted || running.Wait(TimeSpan.FromMinutes(1)));
        Assert.AreEqual(Alone(new ImageRequest { Seed = 0 }), await Digest(running));
    }

    [TestMethod]
    public async Task Dispose_OfOneThatWasNeverAsked_FreesItsShareOfTheModel()
    {
        var watched = new WatchedModel(Tiny);
        var generator = new BatchingGenerator(watched.Model);
        watched.Dispose();
        Assert.IsFalse(watched.IsFreed);

        await generator.DisposeAsync();

        Assert.IsTrue(watched.IsFreed);
    }

    private static void Hold(WatchedModel watched, Gate gate) => watched.BeforeCall = call =>
    {
        if (call == 0)
        {
            gate.Pass();
        }
    };
}
