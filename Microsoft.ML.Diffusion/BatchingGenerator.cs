using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Serving;

namespace Microsoft.ML.Diffusion;

/// <summary>Generates images for many callers at a time, such as those of a web service: requests that come together share batches.</summary>
/// <remarks>
/// <para>
/// An image is that of its seed, whatever it is joined with: on the CPU to the bit what
/// <see cref="DiffusionTransformer.Generate(int, GenerationOptions?)"/>(1), or <c>Generate([className])</c>, gives with these options. Requests of equal sampler
/// and guidance, all with or all without a class, share a batch, up to <see cref="BatchingOptions.MaximumBatchSize"/>; the batch of the request that has waited
/// longest is next. One thread generates, with all cores.
/// </para>
/// <para>All members may be called by any thread at any time. Dispose it, or its thread stays. What it does is measured: see <see cref="DiffusionTelemetry"/>.</para>
/// </remarks>
public sealed class BatchingGenerator : IDisposable, IAsyncDisposable
{
    private readonly BatchingOptions _options;
    private readonly BatchScheduler _scheduler;
    private readonly Lock _replacing = new();
    private Current _current;
    private bool _isDisposed;

    /// <summary>Starts to serve a model.</summary>
    /// <param name="model">
    /// The model. It stays the caller's to dispose, which may be at any time: the generator shares its weights and frees them when it needs them no more.
    /// </param>
    /// <param name="options">How requests are joined; <see langword="null"/> uses the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public BatchingGenerator(DiffusionTransformer model, BatchingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _options = options ?? new BatchingOptions();
        _options.Validate();
        _current = Serve(model);
        _scheduler = new BatchScheduler(_options.MaximumWait, _options.QueueLimit);
    }

    /// <summary>Gets the model that new requests are accepted for.</summary>
    public DiffusionTransformer Model => Volatile.Read(ref _current).Model;

    /// <summary>Gets the number of images that wait; those that are being generated are not counted.</summary>
    public int QueueLength => _scheduler.Count;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"generates for many callers by {Model}; {QueueLength} wait");

    /// <summary>Generates an image. Whether it is accepted, and by which <see cref="Model"/>, is decided before this returns.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">
    /// Ends this request, and no other: one that waits leaves the queue at once, and what is being generated stops if nobody else waits for any of it.
    /// </param>
    /// <returns>The image, the caller's to dispose.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The model knows no class of that name, or an option is outside its range.</exception>
    /// <exception cref="QueueFullException">As many images wait as <see cref="BatchingOptions.QueueLimit"/> allows.</exception>
    /// <exception cref="ObjectDisposedException">The generator is disposed, or was before it came to this image.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<MLImage> GenerateAsync(ImageRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var image = Accept(request);
        using var registration = cancellationToken.UnsafeRegister(
            (state, token) => _scheduler.Cancel((PendingImage)state!, token),
            image);
        return await image.Image.ConfigureAwait(false);
    }

    /// <summary>Serves another model from now on. Requests that are accepted get their images of the model that they were accepted for.</summary>
    /// <param name="model">The other model, of which all may differ. It stays the caller's to dispose, at any time, as does the one before.</param>
    /// <returns>Ends when the one before is needed no more: if it is disposed, its weights are free by then.</returns>
    /// <exception cref="ObjectDisposedException">The generator or the model is disposed.</exception>
    public Task ReplaceAsync(DiffusionTransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        lock (_replacing)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var before = _current;
            Volatile.Write(ref _current, Serve(model));
            _scheduler.Retire(before.Served);
            return before.Served.Done;
        }
    }

    /// <summary>
    /// Ends all requests by an <see cref="ObjectDisposedException"/>, those that wait and those that are being generated, and returns at once: the batch that
    /// runs stops after its step.
    /// </summary>
    public void Dispose() => _ = Close(stops: true);

    /// <summary>Ends the requests that wait by an <see cref="ObjectDisposedException"/>, and lets those that are being generated come to their end.</summary>
    /// <returns>Ends when nothing runs any more.</returns>
    public ValueTask DisposeAsync() => new(Close(stops: false));

    private Task Close(bool stops)
    {
        lock (_replacing)
        {
            _isDisposed = true;
            var ended = _scheduler.Close(stops);
            _scheduler.Retire(_current.Served);
            return ended;
        }
    }

    private PendingImage Accept(ImageRequest request)
    {
        while (true)
        {
            var (model, served) = Volatile.Read(ref _current);
            var image = model.Pending(request, served);
            if (_scheduler.TryAdd(image))
            {
                return image;
            }
        }
    }

    private Current Serve(DiffusionTransformer model)
    {
        var shared = model.Model.AddOwner();
        return new Current(model, new ServedModel(shared, _options.MaximumBatchSize ?? new GenerationOptions().BatchSizeFor(shared)));
    }

    private sealed record Current(DiffusionTransformer Model, ServedModel Served);
}
