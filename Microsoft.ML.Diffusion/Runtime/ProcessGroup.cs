using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Processes that train one model together, on one machine or many: what <see cref="TrainingOptions.Processes"/> takes. The package Microsoft.ML.Diffusion.Mpi has one
/// for those that <c>mpirun</c>, <c>mpiexec</c> or <c>srun</c> started; derive from this for another way to carry bytes.
/// </summary>
/// <remarks>
/// <para>
/// Its collectives only move bytes, and every process must call the same ones in the same order, with the same number of bytes. One thread at a time calls them, not
/// always the same. Numbers are added up here, in an order of this library's own, so that a sum has the same bits whatever carries it.
/// </para>
/// <para>
/// Buffers are addresses, which stay where they are until a collective returns. A group of graphics cards may be given addresses of their memory by an engine that
/// asks it to <see cref="Sum(nint, long)"/>, which it then overrides.
/// </para>
/// </remarks>
public abstract unsafe class ProcessGroup
{
    private const int LargestSum = 1 << 28; // numbers that are received at a time

    private float[] _received = [];

    /// <summary>Gets the number of this process: 0 writes the files and reports.</summary>
    /// <value>0 to <see cref="Size"/> - 1.</value>
    public abstract int Rank { get; }

    /// <summary>Gets the number of processes.</summary>
    /// <value>At least 1.</value>
    public abstract int Size { get; }

    /// <summary>Gets the number of this process among those of its machine, which chooses the graphics card where <see cref="DiffusionOptions.Device"/> is "cuda".</summary>
    /// <value>At least 0.</value>
    public abstract int LocalRank { get; }

    /// <summary>Copies bytes of one process to all.</summary>
    /// <param name="buffer">What is sent there, and written elsewhere.</param>
    /// <param name="bytes">Their number, of any size.</param>
    /// <param name="root">The process that has them.</param>
    public abstract void Broadcast(nint buffer, long bytes, int root);

    /// <summary>Gives all processes the bytes of all.</summary>
    /// <param name="source">Those of this one.</param>
    /// <param name="destination">Those of all, in the order of ranks; it does not overlap the source.</param>
    /// <param name="bytesPerRank">The number of each one's.</param>
    public abstract void AllGather(nint source, nint destination, long bytesPerRank);

    /// <summary>Gives each process a part of the bytes of all.</summary>
    /// <param name="source">The parts, in the order of the ranks that they are for.</param>
    /// <param name="destination">The parts for this process, in the order of the ranks that sent them; it does not overlap the source.</param>
    /// <param name="bytesPerRank">The number of a part's.</param>
    public abstract void AllToAll(nint source, nint destination, long bytesPerRank);

    /// <summary>Ends all processes of the group at once, since one of them cannot go on. May return where that takes a moment.</summary>
    /// <param name="reason">What happened, for whoever looks at the output.</param>
    public abstract void Abort(string reason);

    /// <summary>Adds up numbers over all processes, in place: those of ranks 0 and 1, of 2 and 3, ..., then these sums in pairs, and so on.</summary>
    /// <param name="values">Numbers in single precision.</param>
    /// <param name="count">How many.</param>
    /// <remarks>
    /// Each process adds up its part of them and gives it to all, which sends as many bytes as a ring would. Which process adds them decides nothing of the sum's bits.
    /// </remarks>
    public virtual void Sum(nint values, long count)
    {
        var numbers = (float*)values;
        var size = Size;
        var largest = (long)LargestSum / size * size; // a multiple of the ranks: only the last has a rest
        for (var first = 0L; size > 1 && first < count; first += largest)
        {
            SumPart(numbers + first, (int)Math.Min(largest, count - first));
        }
    }

    /// <summary>Copies values of one process to all.</summary>
    internal void Broadcast<T>(Span<T> values, int root = 0)
        where T : unmanaged
    {
        fixed (T* buffer = values)
        {
            Broadcast((nint)buffer, (long)values.Length * sizeof(T), root);
        }
    }

    /// <summary>The values of all processes, which each have as many.</summary>
    internal T[] Gather<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var all = new T[values.Length * Size];
        fixed (T* source = values, destination = all)
        {
            AllGather((nint)source, (nint)destination, (long)values.Length * sizeof(T));
        }

        return all;
    }


    private void SumPart(float* values, int count)
    {
        var size = Size;
        var (block, rest) = Math.DivRem(count, size);
        if (_received.Length < Math.Max(block, rest) * size)
        {
            _received = GC.AllocateUninitializedArray<float>(Math.Max(block, rest) * size, pinned: true);
        }

        var received = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_received, 0);
        if (block > 0)
        {
            AllToAll((nint)values, (nint)received, (long)block * sizeof(float));
            TreeSum.Add(received, block, size, block);
            AllGather((nint)received, (nint)values, (long)block * sizeof(float));
        }

        if (rest > 0)
        {
            var end = values + count - rest;
            AllGather((nint)end, (nint)received, (long)rest * sizeof(float));
            TreeSum.Add(received, rest, size, rest);
            new ReadOnlySpan<float>(received, rest).CopyTo(new Span<float>(end, rest));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"rank {Rank} of {Size}");
}
