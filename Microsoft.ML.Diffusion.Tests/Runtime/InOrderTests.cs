using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

/// <summary>Items that several threads compute come in their order, and nothing goes on behind the caller's back.</summary>
[TestClass]
public sealed class InOrderTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(100)]
    public void Select_ItemsThatEndInAnyOrder_ComeInTheirs(int atOnce)
    {
        var (running, most) = (0, 0);
        var gate = new Lock();

        var results = InOrder.Select(Enumerable.Range(0, 20), atOnce, item =>
        {
            lock (gate)
            {
                most = Math.Max(most, ++running);
            }

            Thread.SpinWait((20 - item) * 1000);
            lock (gate)
            {
                running--;
            }

            return item * item;
        }).ToArray();

        Assert.AreSequenceEqual(Enumerable.Range(0, 20).Select(item => item * item).ToArray(), results);
        Assert.IsLessThanOrEqualTo(atOnce, most);
    }

    [TestMethod]
    public void Select_SeveralAtOnce_RunTogether()
    {
        using var together = new Barrier(3);

        var results = InOrder.Select([1, 2, 3], 3, item => together.SignalAndWait(TimeSpan.FromMinutes(1)) ? item : 0);

        Assert.AreSequenceEqual([1, 2, 3], results.ToArray()); // one after another would wait for each other
    }

    [TestMethod]
    public void Select_NothingAskedFor_BeginsNothing()
    {
        var results = InOrder.Select<int, int>([1], 2, _ => throw new InvalidOperationException("It was begun."));

        Assert.IsNotNull(results);
    }

    [TestMethod]
    public void Select_OneFails_ThrowsWhatItThrewWhenNoneIsComputed()
    {
        var running = 0;

        IEnumerable<int> Results() => InOrder.Select([0, 1, 2, 3], 3, item =>
        {
            Interlocked.Increment(ref running);
            try
            {
                if (item == 0)
                {
                    throw new InvalidDataException("The first.");
                }

                Thread.SpinWait(100_000);
                return item;
            }
            finally
            {
                Interlocked.Decrement(ref running);
            }
        });

        Assert.AreEqual("The first.", Assert.ThrowsExactly<InvalidDataException>(() => Results().ToArray()).Message);
        Assert.AreEqual(0, running);
    }

    [TestMethod]
    public void Select_CallerStops_WaitsForWhatWasBegun()
    {
        var (begun, ended) = (0, 0);

        var first = InOrder.Select(Enumerable.Range(0, 100), 4, item =>
        {
            Interlocked.Increment(ref begun);
            Thread.SpinWait(50_000);
            Interlocked.Increment(ref ended);
            return item;
        }).First();

        Assert.AreEqual(0, first);
        Assert.AreEqual(begun, ended);
        Assert.IsLessThanOrEqualTo(4, begun);
    }

    [TestMethod]
    public void Select_CallersCores_AreThoseOfTheThreads()
    {
        using var share = CoreShare.Use(3);

        Assert.AreSequenceEqual([3, 3], InOrder.Select([1, 2], 2, _ => CoreShare.Cores).ToArray());
    }
}
