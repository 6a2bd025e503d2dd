using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// Threads that share out the images of a batch on the CPU. Each computes its part with a core or more of its own, and they wait for each other once
/// a part instead of in every operation.
/// </summary>
internal sealed class WorkerThreads : IDisposable
{
    private static readonly Lock _starting = new();

    private readonly Lock _running = new();
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _start;
    private readonly CountdownEvent _finished;
    private readonly ExceptionDispatchInfo?[] _errors;
    private Action<int>? _work;

    /// <param name="count">The number of threads; 1 starts none.</param>
    public WorkerThreads(int count)
    {
        Count = count;
        _errors = new ExceptionDispatchInfo?[count];
        _finished = new CountdownEvent(count);
        _start = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        _threads = count == 1 ? [] : StartThreads();
    }

    /// <summary>The number of threads.</summary>
    public int Count { get; }

    /// <summary>The number of parts that suit a batch on a device, from where the caller stands.</summary>
    public static int PartsFor(int images, Device device)
    {
        lock (_starting)
        {
            return device.type == DeviceType.CPU ? Math.Clamp(images, 1, get_num_threads()) : 1;
        }
    }

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

    /// <summary>Does pieces of work side by side, and waits for all. A second caller waits for the first.</summary>
    /// <param name="count">The number of pieces, at most <see cref="Count"/>.</param>
    /// <param name="work">Called with 0, 1, ..., in a dispose scope of its own that only its result leaves.</param>
    /// <returns>The results, in order, in no dispose scope.</returns>
    public Tensor[] Run(int count, Func<int, Tensor> work)
    {
        var results = new Tensor[count];
        void Compute(int index)
        {
            if (index < count)
            {
                using var scope = NewDisposeScope();
                results[index] = work(index).DetachFromDisposeScope();
            }
        }

        try
        {
            if (_threads.Length == 0)
            {
                Compute(0);
            }
            else
            {
                Run(Compute);
            }
        }
        catch
        {
            Array.ForEach(results, result => result?.Dispose());
            throw;
        }

        return results;
    }

    /// <summary>Does a piece of work on each thread, and waits for all. A second caller waits for the first.</summary>
    /// <param name="work">Called with 0, 1, ....</param>
    public void Run(Action<int> work)
    {
        lock (_running)
        {
            _work = work;
            _finished.Reset();
            foreach (var start in _start)
            {
                start.Release();
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

    private Thread[] StartThreads()
    {
        // The number of threads of an operation is kept for each thread that has asked for it, and for all that have not yet.
        lock (_starting)
        {
            var operationThreads = get_num_threads();
            _finished.Reset();
            var threads = new Thread[Count];
            for (var i = 0; i < Count; i++)
            {
                var index = i;
                threads[i] =
                    new Thread(() => Serve(index, Math.Max(1, operationThreads / Count))) { IsBackground = true, Name = $"Diffusion {i}" };
                threads[i].Start();
            }

            _finished.Wait();
            set_num_threads(operationThreads);
            return threads;
        }
    }

    private void Serve(int index, int operationThreads)
    {
        _ = get_num_threads();
        set_num_threads(operationThreads);
        CoreShare.Cores = operationThreads;
        _finished.Signal();
        for (_start[index].Wait(); _work is { } work; _start[index].Wait())
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

            _finished.Signal();
        }
    }
}
