using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Gathers the bytes of the next batch on another thread while the network works, so that it never waits for a disk.</summary>
/// <param name="shape">Of each image.</param>
/// <param name="pixels">All images.</param>
/// <param name="rows">Those among them that indices count; null for all.</param>
internal sealed class BatchPrefetcher(ImageShape shape, PixelStore pixels, int[]? rows = null) : IDisposable
{
    private const int Ahead = 2; // the batch at hand, not yet taken, and the next

    private readonly Queue<(int[] Indices, Task<byte[]> Bytes)> _running = new();

    /// <summary>Starts on a batch; of more than two that nobody took, the oldest is given up.</summary>
    public void Start(int[] indices)
    {
        while (_running.Count >= Ahead)
        {
            _running.Dequeue().Bytes.Wait();
        }

        _running.Enqueue((indices, Task.Run(() => Gather(indices))));
    }

    /// <summary>The bytes of a batch, [N, C, H, W]: those started for this very array, or else gathered now.</summary>
    public byte[] Take(int[] indices)
    {
        if (!_running.Any(batch => ReferenceEquals(batch.Indices, indices)))
        {
            return Gather(indices);
        }

        while (true)
        {
            var (started, bytes) = _running.Dequeue();
            if (ReferenceEquals(started, indices))
            {
                return bytes.GetAwaiter().GetResult();
            }

            bytes.Wait();
        }
    }

    /// <summary>Waits for what is under way: the pixels may be freed then.</summary>
    public void Dispose()
    {
        while (_running.TryDequeue(out var batch))
        {
            ((IAsyncResult)batch.Bytes).AsyncWaitHandle.WaitOne();
        }
    }

    private byte[] Gather(int[] indices)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(checked(indices.Length * shape.PixelCount));
        for (var i = 0; i < indices.Length; i++)
        {
            pixels[rows is null ? indices[i] : rows[indices[i]]].CopyTo(bytes.AsSpan(i * shape.PixelCount));
        }

        return bytes;
    }
}
