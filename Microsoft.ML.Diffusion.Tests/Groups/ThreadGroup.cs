using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>A group whose processes are threads of this one, in lockstep: quick, and strict about who calls what.</summary>
internal sealed unsafe class ThreadGroup : ProcessGroup
{
    private readonly Meeting _meeting;

    private ThreadGroup(Meeting meeting, int rank, int localRank) => (_meeting, Rank, LocalRank) = (meeting, rank, localRank);

    public override int Rank { get; }

    public override int Size => _meeting.Size;

    public override int LocalRank { get; }

    /// <summary>Does a piece of work in each process of a group, and waits for all.</summary>
    /// <param name="size">The number of processes.</param>
    /// <param name="cores">The threads that each computes by.</param>
    /// <param name="work">What each does.</param>
    /// <param name="perMachine">The processes that say that they are on the same machine.</param>
    /// <returns>What became of each: its result, or what it threw.</returns>
    public static Outcome<T>[] Run<T>(int size, int cores, Func<ProcessGroup, T> work, int perMachine = int.MaxValue)
    {
        var meeting = new Meeting(size);
        var outcomes = new Outcome<T>[size];
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            CoreShare.Cores = cores;
            try
            {
                outcomes[rank] = new(work(new ThreadGroup(meeting, rank, rank % perMachine)), null);
            }
            catch (Exception exception)
            {
                outcomes[rank] = new(default, exception);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return outcomes;
    }

    /// <summary>Does the work alone, by so many threads.</summary>
    public static T Alone<T>(int cores, Func<T> work)
    {
        using var share = CoreShare.Use(cores);
        return work();
    }

    public override void Broadcast(nint buffer, long bytes, int root) => _meeting.Do(Rank, $"broadcast {bytes} of {root}", buffer, sources =>
    {
        if (Rank != root)
        {
            Copy(sources[root], buffer, bytes);
        }
    });

    public override void AllGather(nint source, nint destination, long bytesPerRank) =>
        _meeting.Do(Rank, $"gather {bytesPerRank}", source, sources =>
        {
            for (var rank = 0; rank < Size; rank++)
            {
                Copy(sources[rank], destination + (nint)(rank * bytesPerRank), bytesPerRank);
            }
        });

    public override void AllToAll(nint source, nint destination, long bytesPerRank) =>
        _meeting.Do(Rank, $"all to all {bytesPerRank}", source, sources =>
        {
            for (var rank = 0; rank < Size; rank++)
            {
                Copy(sources[rank] + (nint)(Rank * bytesPerRank), destination + (nint)(rank * bytesPerRank), bytesPerRank);
            }
        });

    public override void Abort(string reason) => _meeting.Abort(reason);

    private static void Copy(nint from, nint to, long bytes) => Buffer.MemoryCopy((void*)from, (void*)to, bytes, bytes);

    /// <summary>What became of a process.</summary>
    /// <param name="Result">What it returned.</param>
    /// <param name="Error">What it threw; null if it returned.</param>
    internal readonly record struct Outcome<T>(T? Result, Exception? Error)
    {
        /// <summary>What it returned; throws what it threw.</summary>
        public T Value => Error is null ? Result! : throw new InvalidOperationException($"A process failed: {Error}", Error);
    }

    private sealed class Meeting(int size)
    {
        private readonly object _lock = new();
        private readonly nint[] _sources = new nint[size];
        private string? _call;
        private string? _abortReason;
        private int _arrived;
        private int _round;

        public int Size => size;

        public void Do(int rank, string call, nint source, Action<nint[]> copy)
        {
            Meet(() =>
            {
                if (_call is not null && _call != call)
                {
                    _abortReason = $"rank {rank} calls '{call}' where another calls '{_call}'";
                }

                (_call, _sources[rank]) = (call, source);
            });
            copy(_sources);
            Meet(() => _call = null);
        }

        public void Abort(string reason)
        {
            lock (_lock)
            {
                _abortReason = reason;
                Monitor.PulseAll(_lock);
            }
        }

        private void Meet(Action arrive)
        {
            lock (_lock)
            {
                arrive();
                var round = _round;
                if (++_arrived == size)
                {
                    (_arrived, _round) = (0, _round + 1);
                    Monitor.PulseAll(_lock);
                }

                while (round == _round && _abortReason is null)
                {
                    Monitor.Wait(_lock);
                }

                if (_abortReason is not null)
                {
                    Monitor.PulseAll(_lock);
                    throw new AbortedException(_abortReason);
                }
            }
        }
    }

    /// <summary>What ends the threads of an aborted group, in place of their processes' end.</summary>
    internal sealed class AbortedException(string reason) : Exception(reason);
}
