using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Serving;

/// <summary>Requests that wait, by kind, each kind in the order of arrival.</summary>
internal sealed class WaitingImages
{
    private readonly Dictionary<BatchKind, LinkedList<PendingImage>> _kinds = [];
    private readonly Dictionary<PendingImage, LinkedListNode<PendingImage>> _places = [];

    public int Count => _places.Count;

    public void Add(PendingImage image)
    {
        if (!_kinds.TryGetValue(image.Kind, out var kind))
        {
            _kinds.Add(image.Kind, kind = []);
        }

        _places.Add(image, kind.AddLast(image));
        QueueTelemetry.Add(1);
    }

    /// <returns>Whether it waited.</returns>
    public bool Remove(PendingImage image)
    {
        if (!_places.Remove(image, out var place))
        {
            return false;
        }

        QueueTelemetry.Add(-1);
        var kind = place.List!;
        kind.Remove(place);
        if (kind.Count == 0)
        {
            _kinds.Remove(image.Kind);
        }

        return true;
    }

    /// <summary>Removes all.</summary>
    public PendingImage[] Clear()
    {
        PendingImage[] all = [.. _places.Keys];
        QueueTelemetry.Add(-all.Length);
        _kinds.Clear();
        _places.Clear();
        return all;
    }

    /// <summary>
    /// Takes the batch to generate next: that of the request that has waited longest, once it has waited long enough, so that none starves; before that, one
    /// that is full.
    /// </summary>
    /// <param name="longest">How long is enough.</param>
    /// <param name="wait">If none is taken: how long until there is one, unless more requests come.</param>
    /// <returns>Requests of one kind, the oldest first; none if it is better to wait.</returns>
    public PendingImage[] Take(TimeSpan longest, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        var oldest = _kinds.Values.MinBy(kind => kind.First!.Value.Since)!;
        var left = longest - Stopwatch.GetElapsedTime(oldest.First!.Value.Since);
        if (left <= TimeSpan.Zero || Full(oldest))
        {
            return Take(oldest);
        }

        if (_kinds.Values.FirstOrDefault(Full) is { } full)
        {
            return Take(full);
        }

        wait = left;
        return [];
    }

    private static bool Full(LinkedList<PendingImage> kind) => kind.Count >= kind.First!.Value.Kind.Model.BatchSize;

    private PendingImage[] Take(LinkedList<PendingImage> kind)
    {
        PendingImage[] batch = [.. kind.Take(kind.First!.Value.Kind.Model.BatchSize)];
        foreach (var image in batch)
        {
            Remove(image);
        }

        return batch;
    }
}
