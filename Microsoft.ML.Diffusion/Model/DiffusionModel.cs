using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>
/// A trained network and what it is. Several transformers may own it: it is freed when the last of them is disposed and no call uses it any more.
/// </summary>
internal sealed class DiffusionModel : IDisposable
{
    private readonly Shared<Network> _network;

    public DiffusionModel(ModelDescription description, Network network)
    {
        (Description, Device, _network) = (description, network.Device, new Shared<Network>(network, "model"));
        Calls = new NetworkCalls(_network);
    }

    public ModelDescription Description { get; }

    /// <summary>Gets where the weights are; it stays while a share of the network is held.</summary>
    public ComputeDevice Device { get; private set; }

    /// <summary>What the network says of batches.</summary>
    public NetworkCalls Calls { get; }

    /// <summary>Takes a share of the network: it stays as it is and where it is until the share is disposed, whoever disposes the model meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public Share<Network> Use() => _network.Take();

    /// <summary>Makes the model one owner more, who disposes it too.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionModel AddOwner()
    {
        _network.AddOwner();
        return this;
    }

    /// <summary>Cuts images into the batches of network calls, the last filled up where the network rounds differently for another number.</summary>
    /// <param name="count">The number of all images.</param>
    /// <param name="size">The number of images of a batch.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed, and nobody holds a share.</exception>
    public IEnumerable<FilledBatch> Batches(int count, int size)
    {
        using var share = _network.TakeAgain();
        return FilledBatch.Of(count, size, fills: share.Value.DependsOnBatchSize);
    }

    /// <summary>Moves the weights.</summary>
    /// <exception cref="InvalidOperationException">Somebody uses the network.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public void MoveTo(ComputeDevice target) => _network.Replace(network =>
    {
        if (network.Device == target)
        {
            return network;
        }

        var weights = new NetworkWeights(network.Plan);
        network.Read(weights);
        var moved = NetworkEngine.Create(network.Plan, weights, target);
        Device = target;
        return moved;
    });

    /// <summary>The network as a denoiser of one batch.</summary>
    /// <param name="labels">Class of each image of the batch, -1 for none; null for an unconditional batch.</param>
    /// <param name="guidance">A scale of 1 follows the labels, 0 ignores them, anything else costs a batch of twice the size.</param>
    /// <param name="clipping">The sampler's.</param>
    public Denoiser Denoiser(IReadOnlyList<int>? labels, Guidance guidance, Clipping clipping)
    {
        var levels = new Lazy<LevelTable>(() => new LevelTable(Description.Schedule));
        Batch Guided(Batch x, double timestep) =>
            ClassifierFreeGuidance.Predict(
                (batch, classes) => Calls.Predict(batch, timestep, classes),
                x,
                labels,
                guidance.At(timestep, levels));

        return new Denoiser(Guided, Description.Prediction, clipping, Description.Variance) { Levels = levels };
    }

    /// <summary>A copy of the model's weights, without those that only training needs, if it is being trained.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed, and nobody holds a share.</exception>
    public NetworkWeights Weights()
    {
        using var share = _network.TakeAgain();
        var weights = new NetworkWeights(share.Value.Plan);
        share.Value.Read(weights);
        return weights.For(share.Value.Plan.Trained);
    }

    /// <summary>Copies the weights into those of a network of the same shape.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed, and nobody holds a share.</exception>
    public void CopyWeightsTo(NetworkWeights other)
    {
        using var share = _network.TakeAgain();
        share.Value.Read(other);
    }

    /// <inheritdoc/>
    public void Dispose() => _network.RemoveOwner();
}
