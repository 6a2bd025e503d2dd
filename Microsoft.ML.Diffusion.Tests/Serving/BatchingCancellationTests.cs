using Microsoft.ML.Diffusion.Tests.Fixtures;
using static Microsoft.ML.Diffusion.Tests.Serving.ServedTiny;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>One request is cancelled, at each moment; the others get their images.</summary>
[TestClass]
public sealed class BatchingCancellationTests
{
    [TestMethod]
    public async Task Cancelled_BeforeItIsAsked_NeverEntersTheQueue()
    {
        using var generator = new BatchingGenerator(Tiny, WhenFull);

        var image = generator.GenerateAsync(new ImageRequest(), new CancellationToken(canceled: true));

        Assert.IsTrue(image.IsCanceled);
        Assert.AreEqual(0, generator.QueueLength);
        await Assert.ThrowsAsync<OperationCanceledException>(() => image);
    }

    [TestMethod]
    public async Task Cancelled_WhileItWaits_LeavesTheQueueAtOnce()
    {
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull);
        using var cancellation = new CancellationTokenSource();
        var cancelled = generator.GenerateAsync(new ImageRequest { Seed = 50 }, cancellation.Token);
        var others = Seeds(0, 2).Select(request => generator.GenerateAsync(request)).ToList();
        Assert.AreEqual(3, generator.QueueLength);

        await cancellation.CancelAsync();

        Assert.AreEqual(2, generator.QueueLength);
        Assert.AreEqual(cancellation.Token, (await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled)).CancellationToken);
        others.AddRange(Seeds(2, 2).Select(request => generator.GenerateAsync(request)));
        CollectionAssert.AreEqual(Seeds(0, 4).Select(request => Alone(request)).ToArray(), Pictures.Digests(await Task.WhenAll(others)));
        CollectionAssert.AreEqual(new[] { 4, 4, 4, 4 }, watched.Counts);
    }

    [TestMethod]
    public async Task Cancelled_WhileItIsGenerated_EndsAtOnceAndLeavesTheOthersTheirImages()
    {
        using var gate = new Gate();
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull);
        using var cancellation = new CancellationTokenSource();
        Hold(watched, gate, 1);
        var cancelled = generator.GenerateAsync(new ImageRequest { Seed = 50 }, cancellation.Token);
        var others = Seeds(0, 3).Select(request => generator.GenerateAsync(request)).ToArray();
        gate.WaitForOne();

        await cancellation.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled);
        gate.Open();

        CollectionAssert.AreEqual(Seeds(0, 3).Select(request => Alone(request)).ToArray(), Pictures.Digests(await Task.WhenAll(others)));
        CollectionAssert.AreEqual(new[] { 4, 4, 4, 4 }, watched.Counts);
    }

    [TestMethod]
    public async Task Cancelled_AllOfABatch_StopsItAndTheNextBegins()
    {
        using var gate = new Gate();
        using var watched = new WatchedModel(Tiny);
        using var generator = new BatchingGenerator(watched.Model, WhenFull);
        using var cancellation = new CancellationTokenSource();
        Hold(watched, gate, 1);
        var cancelled = Seeds(0, 4).Select(request => generator.GenerateAsync(request, cancellation.Token)).ToArray();
        gate.WaitForOne();

        await cancellation.CancelAsync();
        gate.Open();

        foreach (var image in cancelled)
        {
            await Assert.ThrowsAsync<OperationCanceledException>(() => image);
        }

        CollectionAssert.AreEqual(Seeds(4, 4).Select(request => Alone(request)).ToArray(), await Ask(generator, Seeds(4, 4)));
        CollectionAssert.AreEqual(new[] { 4, 4, 4, 4, 4, 4 }, watched.Counts, "two steps of the batch that nobody wants, four of the other");
    }

    [TestMethod]
    public async Task Cancelled_WhenItIsThere_ChangesNothing()
    {
        using var generator = new BatchingGenerator(Tiny, AtOnce);
        using var cancellation = new CancellationTokenSource();
        var image = generator.GenerateAsync(new ImageRequest { Seed = 1 }, cancellation.Token);
        await image;

        await cancellation.CancelAsync();

        Assert.AreEqual(Alone(new ImageRequest { Seed = 1 }), await Digest(image));
    }

    // The call of that number waits in the network.
    private static void Hold(WatchedModel watched, Gate gate, int held) => watched.BeforeCall = call =>
    {
        if (call == held)
        {
            gate.Pass();
        }
    };
}
