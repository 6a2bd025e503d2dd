using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Adds up gradients over the processes of a group, slice by slice, on a thread of its own while the backward pass goes on with the layers before.</summary>
/// <remarks>All processes add up the same slices in the same order, whichever of their layers take longer. Nothing else of a group may be called meanwhile.</remarks>
internal sealed unsafe class SliceSums : IDisposable
{
    private const int Line = 16; // numbers of a cache line

    private readonly GroupShare _share;
    private readonly NetworkWeights _sum;
    private readonly Action<int, int> _addParts;
    private readonly GradientSlice[] _slices;
    private readonly int[] _next; // the slice that a part finishes next; a cache line for each
    private readonly int[] _unfinished; // the parts that have not finished a slice
    private readonly SemaphoreSlim _finished = new(0);
    private readonly SemaphoreSlim _start = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private readonly int _parts;
    private Thread? _thread;
    private ExceptionDispatchInfo? _error;
    private TimeSpan _busy;
    private bool _isRunning;
    private volatile bool _isOver;

    /// <param name="share">The group.</param>
    /// <param name="sum">The gradients of the first part, which become the sum of all.</param>
    /// <param name="parts">The parts of this process.</param>
    /// <param name="addParts">Adds those of this process's other parts to them, from one number of the buffer to another.</param>
    public SliceSums(GroupShare share, NetworkWeights sum, int parts, Action<int, int> addParts)
    {
        (_share, _sum, _parts, _addParts) = (share, sum, parts, addParts);
        _slices = GradientSlice.Of(sum.Plan, share.SliceBytes);
        (_next, _unfinished) = (new int[parts * Line], new int[_slices.Length]);
    }

    /// <summary>The last backward pass of a step begins.</summary>
    public void Start()
    {
        Array.Clear(_next);
        Array.Fill(_unfinished, _parts);
        _isRunning = true;
        if (_thread is null)
        {
            _thread = new Thread(Serve) { IsBackground = true, Name = "Diffusion sums" };
            _thread.Start();
        }

        _start.Release();
    }

    /// <summary>The backward pass of a part is done with a node, and with all behind it. Called on the part's thread.</summary>
    public void Pass(int part, int node)
    {
        ref var next = ref _next[part * Line];
        for (; next < _slices.Length && node <= _slices[next].Node; next++)
        {
            if (Interlocked.Decrement(ref _unfinished[next]) == 0)
            {
                _finished.Release(); // in the order of slices, since each part finishes them in it
            }
        }
    }

    /// <summary>Waits until all is added up.</summary>
    public void Finish()
    {
        var start = Stopwatch.GetTimestamp();
        _done.Wait();
        _isRunning = false;
        _share.Clock.Add(_busy, TimeSpan.FromTicks(Math.Min(Stopwatch.GetElapsedTime(start).Ticks, _busy.Ticks)));
        var error = _error;
        _error = null;
        error?.Throw();
    }

    /// <summary>Lets the thread end. One that waits for processes that are gone is left to them.</summary>
    public void Dispose()
    {
        _isOver = true;
        _start.Release();
        _finished.Release(_slices.Length + 1);
        if (!_isRunning)
        {
            _thread?.Join();
            _start.Dispose();
            _finished.Dispose();
            _done.Dispose();
        }
    }

    private void Serve()
    {
        for (_start.Wait(); !_isOver; _start.Wait())
        {
            try
            {
                Add();
            }
            catch (Exception exception)
            {
                _error = ExceptionDispatchInfo.Capture(exception);
            }

            _done.Release();
        }
    }

    private void Add()
    {
        _busy = TimeSpan.Zero;
        foreach (var slice in _slices)
        {
            _finished.Wait();
            if (_isOver)
            {
                return;
            }

            _addParts(slice.Begin, slice.End);
            var start = Stopwatch.GetTimestamp();
            _share.Processes.Sum((nint)(_sum.Begin + slice.Begin), slice.End - slice.Begin);
            _busy += Stopwatch.GetElapsedTime(start);
        }
    }
}
