using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// Tells how far a work of many parts is where it takes long: after two seconds, then every ten. Several threads may do the parts; the one that the work was
/// begun on tells, so that whoever listens is called on the thread of the caller.
/// </summary>
/// <param name="text">What is said of a number of parts that are done.</param>
/// <param name="tell">Is told.</param>
/// <param name="clock">The time since the work began.</param>
internal sealed class LongWork(Func<int, string> text, Action<string> tell, Func<TimeSpan> clock)
{
    private static readonly TimeSpan _first = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _between = TimeSpan.FromSeconds(10);

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private TimeSpan _due = _first;
    private int _done;

    private LongWork(Func<int, string> text, Action<string> tell, Stopwatch clock)
        : this(text, tell, () => clock.Elapsed)
    {
    }

    /// <summary>Tells of a work that begins now.</summary>
    /// <param name="text">What is said of a number of parts that are done.</param>
    /// <param name="tell">Is told.</param>
    public LongWork(Func<int, string> text, Action<string> tell)
        : this(text, tell, Stopwatch.StartNew())
    {
    }

    /// <summary>A part is done.</summary>
    public void Done()
    {
        var done = Interlocked.Increment(ref _done);
        if (Environment.CurrentManagedThreadId != _thread)
        {
            return;
        }

        var now = clock();
        if (now >= _due)
        {
            _due = now + _between;
            tell(text(done));
        }
    }
}
