namespace Microsoft.ML.Diffusion.Mpi;

/// <summary>Collectives of any number of bytes, by those of MPI, which count in 32 bits.</summary>
/// <param name="broadcast">That of a buffer, its bytes and its root.</param>
/// <param name="allGather">That of a source, a destination and the bytes of a rank.</param>
/// <param name="allToAll">That of a source, a destination and the bytes of a rank.</param>
/// <param name="largest">The most bytes of a call, of all ranks together.</param>
internal sealed unsafe class ChunkedCalls(
    Action<nint, int, int> broadcast,
    Action<nint, nint, int> allGather,
    Action<nint, nint, int> allToAll,
    int largest = 1 << 30)
{
    private byte[] _sent = [];
    private byte[] _received = [];

    /// <summary>As <see cref="ProcessGroup.Broadcast(nint, long, int)"/>.</summary>
    public void Broadcast(nint buffer, long bytes, int root)
    {
        for (var first = 0L; first < bytes; first += largest)
        {
            broadcast(buffer + (nint)first, (int)Math.Min(largest, bytes - first), root);
        }
    }

    /// <summary>As <see cref="ProcessGroup.AllGather(nint, nint, long)"/>.</summary>
    public void AllGather(nint source, nint destination, long bytesPerRank, int ranks)
    {
        if (bytesPerRank * ranks <= largest)
        {
            allGather(source, destination, (int)bytesPerRank);
            return;
        }

        ForChunks(bytesPerRank, ranks, (first, count) =>
        {
            fixed (byte* received = _received)
            {
                allGather(source + (nint)first, (nint)received, count);
                Spread(received, destination + (nint)first, bytesPerRank, count, ranks);
            }
        });
    }

    /// <summary>As <see cref="ProcessGroup.AllToAll(nint, nint, long)"/>.</summary>
    public void AllToAll(nint source, nint destination, long bytesPerRank, int ranks)
    {
        if (bytesPerRank * ranks <= largest)
        {
            allToAll(source, destination, (int)bytesPerRank);
            return;
        }

        ForChunks(bytesPerRank, ranks, (first, count) =>
        {
            fixed (byte* sent = _sent, received = _received)
            {
                for (var rank = 0; rank < ranks; rank++)
                {
                    new ReadOnlySpan<byte>((byte*)source + (rank * bytesPerRank) + first, count).CopyTo(_sent.AsSpan(rank * count, count));
                }

                allToAll((nint)sent, (nint)received, count);
                Spread(received, destination + (nint)first, bytesPerRank, count, ranks);
            }
        });
    }

    private void ForChunks(long bytesPerRank, int ranks, Action<long, int> call)
    {
        var chunk = Math.Max(1, largest / ranks);
        Array.Resize(ref _sent, chunk * ranks);
        Array.Resize(ref _received, chunk * ranks);
        for (var first = 0L; first < bytesPerRank; first += chunk)
        {
            call(first, (int)Math.Min(chunk, bytesPerRank - first));
        }
    }

    private static void Spread(byte* received, nint destination, long bytesPerRank, int count, int ranks)
    {
        for (var rank = 0; rank < ranks; rank++)
        {
            var bytes = new ReadOnlySpan<byte>(received + (rank * count), count);
            bytes.CopyTo(new Span<byte>((byte*)destination + (rank * bytesPerRank), count));
        }
    }
}
