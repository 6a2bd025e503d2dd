using System.Runtime.ExceptionServices;
using Microsoft.ML.Diffusion.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Computes the gradient of a batch in parts side by side. On the CPU each part has a thread and a core of its own, which wait for each other
/// once a step instead of in every operation; elsewhere there is one part.
/// </summary>
/// <remarks>All parts use the same weights, and add their gradients to buffers of their own. The parts of a batch follow from their number, so that a run repeats.</remarks>
internal sealed class GradientShards : IDisposable
{
    private const int MinimumImages = 4; // of a part: smaller ones cost more in calls than they save in waiting

    private readonly UNet[] _networks;
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _start;
    private readonly CountdownEvent _finished;
    private readonly ExceptionDispatchInfo?[] _errors;
    private Action<int>? _work;

    /// <param name="network">The network to train.</param>
    /// <param name="parameters">Its weights.</param>
    /// <param name="createNetwork">Makes another network of its shape.</param>
    /// <param name="count">The number of parts.</param>
    public GradientShards(UNet network, FlatParameters parameters, Func<UNet> createNetwork, int count)
    {
        _networks = [network, .. Enumerable.Range(1, count - 1).Select(_ => createNetwork())];
        foreach (var other in _networks.Skip(1))
        {
            parameters.Share(other);
            other.train();
        }

        _errors = new ExceptionDispatchInfo?[count];
        _finished = new CountdownEvent(count);
        _start = [.. _networks.Select(_ => new SemaphoreSlim(0))];
        _threads = count == 1 ? [] : StartThreads(count);
    }

    /// <summary>The number of parts.</summary>
    public int Count => _networks.Length;

    /// <summary>The number of parts that suit a batch on a device.</summary>
    public static int CountFor(int batchSize, Device device) =>
        device.type == TorchSharp.DeviceType.CPU ? Math.Clamp(batchSize / MinimumImages, 1, get_num_threads()) : 1;

    /// <summary>Computes parts of a batch side by side, and waits for all.</summary>
    /// <param name="parts">At most <see cref="Count"/>.</param>
    /// <param name="work">Called with a network, the first image of a part and their number, in a dispose scope of its own that only its result leaves.</param>
    /// <returns>The results, in the order of the parts, in no dispose scope.</returns>
    public Tensor[] Run(IReadOnlyList<(int First, int Count)> parts, Func<UNet, int, int, Tensor> work)
    {
        var results = new Tensor[parts.Count];
        void Compute(int index)
        {
            if (index < parts.Count)
            {
                using var scope = NewDisposeScope();
                results[index] = work(_networks[index], parts[index].First, parts[index].Count).DetachFromDisposeScope();
            }
        }

        if (_threads.Length == 0)
        {
            Compute(0);
        }
        else
        {
            RunOnThreads(Compute);
        }

        return results;
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

        foreach (var disposable in (IEnumerable<IDisposable>)[.. _networks.Skip(1), .. _start, _finished])
        {
            disposable.Dispose();
        }
    }

    private void RunOnThreads(Action<int> work)
    {
        _work = work;
        _finished.Reset();
        foreach (var start in _start)
        {
            start.Release();
        }

        _finished.Wait();
        Array.Find(_errors, error => error is not null)?.Throw();
    }

    private Thread[] StartThreads(int count)
    {
        var operationThreads = get_num_threads();
        _finished.Reset();
        var threads = new Thread[count];
        for (var i = 0; i < count; i++)
        {
            var index = i;
            threads[i] = new Thread(() => Serve(index, Math.Max(1, operationThreads / count))) { IsBackground = true, Name = $"Gradient {i}" };
            threads[i].Start();
        }

        // The number of threads of an operation is kept for each thread that has asked for it, and for all that have not yet.
        _finished.Wait();
        set_num_threads(operationThreads);
        return threads;
    }

    private void Serve(int index, int operationThreads)
    {
        _ = get_num_threads();
        set_num_threads(operationThreads);
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
