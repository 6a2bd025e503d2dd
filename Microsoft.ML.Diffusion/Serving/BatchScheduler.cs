using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Serving;

/// <summary>The queue of requests, and the one thread that generates them batch by batch.</summary>
/// <param name="longestWait">How long a request waits for others while nothing runs.</param>
/// <param name="limit">The most requests that wait.</param>
internal sealed class BatchScheduler(TimeSpan longestWait, int limit)
{
    private readonly object _turn = new(); // a monitor, to wait in
    private readonly WaitingImages _waiting = new();
    private readonly BatchRate _rate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RunningBatch? _running;
    private bool _hasWorker;
    private bool _isClosed;

    /// <summary>The number of requests that wait, those that are being generated not counted.</summary>
    public int Count
    {
        get
        {
            lock (_turn)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Accepts a request.</summary>
    /// <returns>Whether it was; not if its model is retired.</returns>
    /// <exception cref="QueueFullException">Too many wait.</exception>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public bool TryAdd(PendingImage image)
    {
        lock (_turn)
        {
            if (_isClosed)
            {
                throw Disposed();
            }

            if (image.Kind.Model.IsRetired)
            {
                return false;
            }

            if (_waiting.Count >= limit)
            {
                throw new QueueFullException(limit, _rate.TimeFor(limit));
            }

            image.Kind.Model.Enter();
            _waiting.Add(image);
            StartWorker();
            Monitor.PulseAll(_turn);
            return true;
        }
    }

    /// <summary>Ends a request: one that waits leaves the queue, and a batch stops if it has no other.</summary>
    public void Cancel(PendingImage image, CancellationToken cancellationToken)
    {
        lock (_turn)
        {
            if (!image.Cancel(cancellationToken))
            {
                return;
            }

            if (_waiting.Remove(image))
            {
                image.Kind.Model.Leave();
            }
            else
            {
                _running?.StopIfOver();
            }
        }
    }

    /// <summary>Lets a model take no more requests.</summary>
    public void Retire(ServedModel model)
    {
        lock (_turn)
        {
            model.Retire();
        }
    }

    /// <summary>Takes no more requests and ends those that wait.</summary>
    /// <param name="stops">Whether those that are being generated end too.</param>
    /// <returns>Ends with the worker.</returns>
    public Task Close(bool stops)
    {
        lock (_turn)
        {
            _isClosed = true;
            foreach (var image in _waiting.Clear())
            {
                image.Fail(Disposed());
                image.Kind.Model.Leave();
            }

            if (stops && _running is { } batch)
            {
                foreach (var image in batch.Images)
                {
                    image.Fail(Disposed());
                }

                batch.StopIfOver();
            }

            Monitor.PulseAll(_turn);
            if (!_hasWorker)
            {
                _ended.TrySetResult();
            }

            return _ended.Task;
        }
    }

    private static ObjectDisposedException Disposed() =>
        new(nameof(BatchingGenerator), "The generator is disposed: this image will not be.");

    // It lives as long as the generator, since kernels keep memory for each thread; what flows with the first request is not every other's.
    private void StartWorker()
    {
        if (!_hasWorker)
        {
            _hasWorker = true;
            new Thread(Work) { IsBackground = true, Name = "Diffusion batches" }.UnsafeStart();
        }
    }

    private void Work()
    {
        while (Next() is { } batch)
        {
            var start = Stopwatch.GetTimestamp();
            var isWhole = batch.Run();
            lock (_turn)
            {
                _running = null;
                batch.Images[0].Kind.Model.Leave(batch.Images.Count);
                if (isWhole)
                {
                    _rate.Add(batch.Images.Count, Stopwatch.GetElapsedTime(start));
                }
            }
        }

        _ended.TrySetResult();
    }

    private RunningBatch? Next()
    {
        lock (_turn)
        {
            while (true)
            {
                var wait = Timeout.InfiniteTimeSpan;
                if (_waiting.Count > 0 && _waiting.Take(longestWait, out wait) is { Length: > 0 } images)
                {
                    return _running = new RunningBatch(images, new CancellationTokenSource());
                }

                if (_isClosed)
                {
                    return null;
                }

                Monitor.Wait(_turn, wait);
            }
        }
    }
}
