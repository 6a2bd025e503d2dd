namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Computes items on several threads at once and gives the results in the order of the items.</summary>
internal static class InOrder
{
    /// <summary>
    /// Begins with so many items when the first result is asked for, and with another whenever one was given. Whoever asks for no more, or gets an exception,
    /// goes on when nothing is computed any longer.
    /// </summary>
    /// <param name="items">The items.</param>
    /// <param name="atOnce">How many are computed at once, at most.</param>
    /// <param name="compute">Called once with each item, on any thread.</param>
    public static IEnumerable<TResult> Select<T, TResult>(IEnumerable<T> items, int atOnce, Func<T, TResult> compute)
    {
        var cores = CoreShare.Cores;
        var begun = new Queue<Task<TResult>>();
        using var next = items.GetEnumerator();
        try
        {
            while (true)
            {
                while (begun.Count < atOnce && next.MoveNext())
                {
                    var item = next.Current;
                    begun.Enqueue(Task.Run(() =>
                    {
                        using var share = CoreShare.Use(cores);
                        return compute(item);
                    }));
                }

                if (begun.Count == 0)
                {
                    yield break;
                }

                yield return begun.Dequeue().GetAwaiter().GetResult();
            }
        }
        finally
        {
            Task.WhenAll(begun).ContinueWith(all => _ = all.Exception, TaskScheduler.Default).Wait(); // what they throw is not asked for
        }
    }
}
