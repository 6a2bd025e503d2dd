using System.Runtime.ExceptionServices;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Threads that share out a piece of work and wait for each other once it is done.</summary>
internal sealed class Workers : IDisposable
{
    private readonly Lock _running = new();
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _start;
    private readonly CountdownEvent _finished;
    private readonly ExceptionDispatchInfo?[] _errors;
    private readonly Action? _prepare;
    private readonly bool _callerWorks;
    private Action<int>? _work;
    private int _cores; // of each thread: its share of the caller's

    /// <param name="count">The number of threads; 1 starts none.</param>
    /// <param name="prepare">What each thread does before anything else; null for nothing.</param>
    /// <param name="callerWorks">Whether the thread that asks is one of them, which costs one start less.</param>
    public Workers(int count, Action? prepare = null, bool callerWorks = false)
    {
        (Count, _prepare, _callerWorks) = (count, prepare, callerWorks);
        var started = callerWorks || count == 1 ? count - 1 : count;
        _errors = new ExceptionDispatchInfo?[count];
        _finished = new CountdownEvent(started);
        _start = [.. Enumerable.Range(0, started).Select(_ => new SemaphoreSlim(0))];
        _threads = [.. Enumerable.Range(0, started).Select(Start)];
    }

    /// <summary>The number of threads.</summary>
    public int Count { get; }

    /// <summary>Where a part begins of pieces that are shared out as equally as can be; that of the part behind the last is their number.</summary>
    public static int Begin(int part, int parts, int pieces) => (int)((long)pieces * part / parts);

    /// <summary>Cuts a batch into parts as equal as can be, the larger first.</summary>
    public static IEnumerable<(int First, int Count)> Parts(int images, int parts)
    {
        parts = Math.Min(parts, images);
        var first = 0;
        for (var part = 0; part < parts; part++)
        {
            var count = (images / parts) + (part < images % parts ? 1 : 0);
            yield return (first, count);
            first += count;
        }
    }

    /// <summary>Does a piece of work on each thread, and waits for all. A second caller waits for the first.</summary>
    /// <param name="work">Called with 0, 1, ....</param>
    public void Run(Action<int> work)
    {
        if (_threads.Length == 0)
        {
            work(0);
            return;
        }

        lock (_running)
        {
            (_work, _cores) = (work, Math.Max(1, CoreShare.Cores / Count));
            _finished.Reset();
            foreach (var start in _start)
            {
                start.Release();
            }

            if (_callerWorks)
            {
                WorkAsCaller(work);
            }

            _finished.Wait();
            var error = Array.Find(_errors, error => error is not null);
            _work = null; // it holds a network
            Array.Clear(_errors);
            error?.Throw();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work = null;
        for (var i = 0; i < _threads.Length; i++)
        {
            _start[i].Release();
            _threads[i].Join();
        }

        foreach (var disposable in (IEnumerable<IDisposable>)[.. _start, _finished])
        {
            disposable.Dispose();
        }
    }

    private Thread Start(int thread)
    {
        var index = _callerWorks ? thread + 1 : thread;
        var started = new Thread(() => Serve(_start[thread], index)) { IsBackground = true, Name = $"Diffusion {index}" };
        started.Start();
        return started;
    }

    private void Serve(SemaphoreSlim start, int index)
    {
        _prepare?.Invoke();
        for (start.Wait(); _work is { } work; start.Wait())
        {
            CoreShare.Cores = _cores;
            Work(work, index);
            _finished.Signal();
        }
    }

    // With the same share of the cores as the others.
    private void WorkAsCaller(Action<int> work)
    {
        using var share = CoreShare.Use(_cores);
        Work(work, 0);
    }

    private void Work(Action<int> work, int index)
    {
        try
        {
            _errors[index] = null;
            work(index);
        }
        catch (Exception e)
        {
            _errors[index] = ExceptionDispatchInfo.Capture(e);
        }
    }
}
