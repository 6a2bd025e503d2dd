using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;

namespace Microsoft.ML.Diffusion.Serving;

/// <summary>A model that requests are accepted for: it stays until it is retired and the last of them is done.</summary>
/// <remarks>What changes it is called in the scheduler's turn; <see cref="Generate"/> is not.</remarks>
/// <param name="model">The model, of which this is an owner.</param>
/// <param name="batchSize">The most images of a batch.</param>
internal sealed class ServedModel(DiffusionModel model, int batchSize)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _requests;

    /// <summary>The most images of a batch.</summary>
    public int BatchSize => batchSize;

    /// <summary>Whether it takes no more requests.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>Ends when it is retired and no request needs it any more.</summary>
    public Task Done => _done.Task;

    /// <summary>What the images are.</summary>
    public ImageShape Shape => model.Description.Shape;

    /// <summary>Counts a request that needs the model.</summary>
    public void Enter() => _requests++;

    /// <summary>Counts requests that need it no more.</summary>
    public void Leave(int requests = 1)
    {
        _requests -= requests;
        FreeUnused();
    }

    /// <summary>Takes no more requests, and frees the model after the last.</summary>
    public void Retire()
    {
        if (!IsRetired)
        {
            IsRetired = true;
            FreeUnused();
        }
    }

    /// <summary>Generates the first image of each seed.</summary>
    /// <param name="options">How.</param>
    /// <param name="seeds">The seeds.</param>
    /// <param name="labels">The class of each; null for none of any.</param>
    /// <param name="cancellationToken">Ends it between two steps.</param>
    /// <returns>The planes of each, [C, H, W] in 0..255.</returns>
    public byte[][] Generate(
        GenerationOptions options,
        IEnumerable<long> seeds,
        IReadOnlyList<int>? labels,
        CancellationToken cancellationToken)
    {
        using var share = model.Use();
        var generator = new ImageGenerator(model, options with { BatchSize = batchSize, CancellationToken = cancellationToken }, seed: 0);
        return generator.PixelsOfSeeds([.. seeds.Select(seed => (seed, 0L))], labels);
    }

    private void FreeUnused()
    {
        if (IsRetired && _requests == 0)
        {
            model.Dispose();
            _done.TrySetResult();
        }
    }
}
