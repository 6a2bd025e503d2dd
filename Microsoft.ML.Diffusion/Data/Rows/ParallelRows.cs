using System.Collections.Concurrent;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>A row that one of several cursors could not read; which one it is, is known only in order.</summary>
internal sealed class RowFailedException(Exception inner) : Exception("A row could not be read.", inner);

/// <summary>Reads a set of cursors, each on a thread of its own, and puts the rows back in order.</summary>
/// <remarks>
/// ML.NET's rule for cursor sets: rows of one <see cref="DataViewRow.Batch"/> come from one cursor, a cursor's batches rise, and rows in the order of
/// batches are in the order of the data.
/// </remarks>
internal static class ParallelRows
{
    private const int ChunkRows = 32;
    private const int ChunksAhead = 2;

    /// <exception cref="RowFailedException">A cursor or a decoder threw.</exception>
    public static IEnumerable<T> Read<T>(
        IReadOnlyList<DataViewRowCursor> cursors,
        Func<DataViewRowCursor, Func<T>> decoder,
        CancellationToken token)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        var workers = cursors.Select(cursor => new Worker<T>(cursor, decoder, stop.Token)).ToList();
        try
        {
            var heads = workers.Where(worker => worker.MoveNext()).ToList();
            while (heads.Count > 0)
            {
                var next = heads.MinBy(worker => worker.Current.Batch)!;
                foreach (var row in next.Current.Rows)
                {
                    yield return row;
                }

                if (!next.MoveNext())
                {
                    heads.Remove(next);
                }
            }
        }
        finally
        {
            stop.Cancel();
            workers.ForEach(worker => worker.Dispose());
        }
    }

    private sealed class Worker<T> : IDisposable
    {
        private readonly BlockingCollection<(long Batch, List<T> Rows)> _chunks = new(ChunksAhead);
        private readonly CancellationToken _stop;
        private readonly Task _task;
        private (long Batch, List<T> Rows) _current;

        public Worker(DataViewRowCursor cursor, Func<DataViewRowCursor, Func<T>> decoder, CancellationToken stop)
        {
            _stop = stop;
            _task = Task.Factory.StartNew(
                () => Work(cursor, decoder),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }

        public (long Batch, List<T> Rows) Current => _current;

        public bool MoveNext()
        {
            if (_chunks.TryTake(out _current, Timeout.Infinite, _stop))
            {
                return true;
            }

            try
            {
                _task.GetAwaiter().GetResult();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new RowFailedException(e);
            }

            return false;
        }

        public void Dispose()
        {
            ((IAsyncResult)_task).AsyncWaitHandle.WaitOne(); // what it may have thrown was told by MoveNext, or comes too late to matter
            _chunks.Dispose();
        }

        private void Work(DataViewRowCursor cursor, Func<DataViewRowCursor, Func<T>> decoder)
        {
            try
            {
                using (cursor)
                {
                    var decode = decoder(cursor);
                    var (batch, rows) = (0L, new List<T>());
                    while (!_stop.IsCancellationRequested && cursor.MoveNext())
                    {
                        if (rows.Count == ChunkRows || (rows.Count > 0 && cursor.Batch != batch))
                        {
                            _chunks.Add((batch, rows), _stop);
                            rows = [];
                        }

                        batch = cursor.Batch;
                        rows.Add(decode());
                    }

                    _chunks.Add((batch, rows), _stop);
                }
            }
            finally
            {
                _chunks.CompleteAdding();
            }
        }
    }
}
