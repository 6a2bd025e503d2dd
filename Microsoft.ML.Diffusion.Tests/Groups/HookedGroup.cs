namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>A group in which something happens before slices of gradients are sent.</summary>
/// <param name="inner">What carries them.</param>
/// <param name="beforeSlice">Called with the number of the slice, 0, 1, ..., since the beginning, and where its numbers are.</param>
internal sealed class HookedGroup(ProcessGroup inner, Action<int, nint> beforeSlice) : ProcessGroup
{
    private int _slices;

    public override int Rank => inner.Rank;

    public override int Size => inner.Size;

    public override int LocalRank => inner.LocalRank;

    public override void Broadcast(nint buffer, long bytes, int root) => inner.Broadcast(buffer, bytes, root);

    public override void AllGather(nint source, nint destination, long bytesPerRank) => inner.AllGather(source, destination, bytesPerRank);

    public override void AllToAll(nint source, nint destination, long bytesPerRank)
    {
        beforeSlice(_slices++, source);
        inner.AllToAll(source, destination, bytesPerRank);
    }

    public override void Abort(string reason) => inner.Abort(reason);
}
