namespace Microsoft.ML.Diffusion.Serving;

/// <summary>How long images take, by the batches so far, the last counting most.</summary>
internal sealed class BatchRate
{
    private const double ShareOfLast = 0.3;

    private double? _secondsPerImage;

    /// <summary>Learns from a batch.</summary>
    public void Add(int images, TimeSpan time)
    {
        var last = time.TotalSeconds / images;
        _secondsPerImage = _secondsPerImage is { } before ? before + (ShareOfLast * (last - before)) : last;
    }

    /// <summary>How long so many images are likely to take: at least a second, so that nobody who is refused comes back at once.</summary>
    public TimeSpan TimeFor(int images) => TimeSpan.FromSeconds(Math.Max(1, images * (_secondsPerImage ?? 0)));
}
