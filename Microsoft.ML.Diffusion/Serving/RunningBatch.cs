namespace Microsoft.ML.Diffusion.Serving;

/// <summary>Requests that are being generated together.</summary>
/// <param name="images">The requests, at least one, of one kind.</param>
/// <param name="stop">Stops it; without timer or link it need not be disposed.</param>
internal sealed class RunningBatch(IReadOnlyList<PendingImage> images, CancellationTokenSource stop)
{
    private readonly BatchKind _kind = images[0].Kind;

    public IReadOnlyList<PendingImage> Images => images;

    /// <summary>Ends it between two steps if nobody waits for any of it.</summary>
    public void StopIfOver()
    {
        if (images.All(image => image.IsOver))
        {
            stop.Cancel();
        }
    }

    /// <summary>Generates the images, and gives each to whoever waits for it; a fault, also of one who listens, is theirs alone.</summary>
    /// <returns>Whether it came to its end.</returns>
    public bool Run()
    {
        try
        {
            using var activity = QueueTelemetry.Begin(images);
            var planes = _kind.Model.Generate(
                _kind.Options,
                images.Select(image => image.Seed),
                _kind.HasLabels ? [.. images.Select(image => image.Label)] : null,
                stop.Token);
            foreach (var (image, pixels) in images.Zip(planes))
            {
                image.Finish(pixels);
            }

            return true;
        }
        catch (Exception e)
        {
            foreach (var image in images)
            {
                image.Fail(e);
            }

            return false;
        }
    }}
