using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>Shares out the work of one kernel between as many threads as the calling thread has cores (<see cref="CoreShare"/>).</summary>
/// <remarks>
/// Where a batch has images for all cores, each is computed by one thread from end to end and there is nothing to share out here. What a part computes follows from
/// its number alone, so that results do not depend on which thread computes it.
/// </remarks>
internal static class KernelThreads
{
    private static readonly ConcurrentDictionary<int, ConcurrentBag<Workers>> _idle = new();

    private const double WorkOfPart = 4e6; // some 50 microseconds, several times what it takes to wake a thread

    [ThreadStatic]
    private static bool _sharesAll;

    /// <summary>Whether the calling thread shares out any work, however little: for tests.</summary>
    internal static bool SharesAll
    {
        get => _sharesAll;
        set => _sharesAll = value;
    }

    /// <summary>The number of parts that pieces of work should be cut into.</summary>
    /// <param name="pieces">The most that it can be cut into.</param>
    /// <param name="work">About how many multiplications it is: of too few, another thread would not be worth its start.</param>
    public static int PartsFor(int pieces, double work) =>
        Math.Clamp(pieces, 1, _sharesAll ? CoreShare.Cores : (int)Math.Clamp(work / WorkOfPart, 1, CoreShare.Cores));

    /// <summary>Does all parts, and waits for them.</summary>
    /// <param name="parts">From <see cref="PartsFor"/>.</param>
    /// <param name="work">Called with 0, 1, ..., on threads whose <see cref="Scratch.OfPart"/> is free.</param>
    public static void Run(int parts, Action<int> work)
    {
        if (parts == 1)
        {
            work(0);
            return;
        }

        var idle = _idle.GetOrAdd(parts, _ => []);
        var threads = idle.TryTake(out var free) ? free : new Workers(parts, callerWorks: true);
        try
        {
            threads.Run(work);
        }
        finally
        {
            idle.Add(threads);
        }
    }

    /// <summary>Where a part begins of pieces that are shared out as equally as can be; that of the part behind the last is their number.</summary>
    public static int Begin(int part, int parts, int pieces) => Workers.Begin(part, parts, pieces);
}
