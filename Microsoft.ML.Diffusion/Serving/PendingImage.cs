using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Serving;

/// <summary>A request that is accepted: it ends once, with its image, an error or as cancelled.</summary>
/// <param name="kind">What it has in common with the others of its batch.</param>
/// <param name="seed">Its seed.</param>
/// <param name="label">Its class; -1 for none.</param>
internal sealed class PendingImage(BatchKind kind, long seed, int label)
{
    // Whoever awaits it goes on elsewhere: neither on the worker nor in the scheduler's turn.
    private readonly TaskCompletionSource<MLImage> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BatchKind Kind => kind;

    public long Seed => seed;

    public int Label => label;

    /// <summary>When it was accepted, of <see cref="Stopwatch"/>.</summary>
    public long Since { get; } = Stopwatch.GetTimestamp();

    /// <summary>The activity that it came from; null for none.</summary>
    public ActivityContext? Origin { get; } = Activity.Current?.Context;

    /// <summary>Its end.</summary>
    public Task<MLImage> Image => _source.Task;

    /// <summary>Whether nobody waits for it any more.</summary>
    public bool IsOver => _source.Task.IsCompleted;

    /// <summary>Gives the image of these planes to whoever waits for it; if nobody does, there is none.</summary>
    public void Finish(byte[] planes)
    {
        if (IsOver)
        {
            return;
        }

        var image = ImagePixels.Create(planes, kind.Model.Shape);
        if (!_source.TrySetResult(image))
        {
            image.Dispose();
        }
    }

    public void Fail(Exception exception) => _source.TrySetException(exception);

    /// <returns>Whether it was not over.</returns>
    public bool Cancel(CancellationToken cancellationToken) => _source.TrySetCanceled(cancellationToken);
}
