using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>A group in which something happens before slices of gradients are sent.</summary>
/// <param name="inner">What carries them.</param>
/// <param name="beforeSlice">Called with the number of the slice, 0, 1, ..., since the beginning, and where its numbers are.</param>
/// <param name="afterSlice">Called with the same when its sums are there; null for nothing.</param>
internal sealed class HookedGroup(ProcessGroup inner, Action<int, nint> beforeSlice, Action<int, nint>? afterSlice = null) : ProcessGroup
{
    private bool _isInSlice;

    private const int EarlySlice = 10;

    /// <summary>The slices that were sent.</summary>
    public int Slices { get; private set; }

    /// <summary>A group whose rank 1 has one gradient, in an early step, that is no number.</summary>
    public static HookedGroup Poisoned(ProcessGroup group) => new(group, (slice, numbers) =>
    {
        if (group.Rank == 1 && slice == EarlySlice)
        {
            Marshal.WriteInt32(numbers, BitConverter.SingleToInt32Bits(float.NaN));
        }
    });

    public override int Rank => inner.Rank;

    public override int Size => inner.Size;

    public override int LocalRank => inner.LocalRank;

    public override void Broadcast(nint buffer, long bytes, int root) => inner.Broadcast(buffer, bytes, root);

    public override void AllGather(nint source, nint destination, long bytesPerRank)
    {
        inner.AllGather(source, destination, bytesPerRank);
        if (_isInSlice)
        {
            _isInSlice = false;
            afterSlice?.Invoke(Slices - 1, destination);
        }
    }

    public override void AllToAll(nint source, nint destination, long bytesPerRank)
    {
        beforeSlice(Slices++, source);
        inner.AllToAll(source, destination, bytesPerRank);
        _isInSlice = true;
    }

    public override void Abort(string reason) => inner.Abort(reason);
}
