using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>
/// A trained network and what it is. Several transformers may own it: it is freed when the last of them is disposed and no call uses it any more.
/// </summary>
internal sealed class DiffusionModel : IDisposable
{
    private readonly Shared<UNet> _network;

    public DiffusionModel(ModelDescription description, UNet network, Device device)
    {
        (Description, Device, _network) = (description, device, new Shared<UNet>(network, "model"));
        Calls = new NetworkCalls(_network);
    }

    public ModelDescription Description { get; }

    /// <summary>Gets where the weights are; it stays while a share of the network is held.</summary>
    public Device Device { get; private set; }

    /// <summary>Gets whether the processor computes the network.</summary>
    public bool IsOnProcessor => Device.type != TorchSharp.DeviceType.CUDA;

    /// <summary>What the network says of batches.</summary>
    public NetworkCalls Calls { get; }

    /// <summary>Takes a share of the network: it stays as it is and where it is until the share is disposed, whoever disposes the model meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public Share<UNet> Use() => _network.Take();

    /// <summary>Makes the model one owner more, who disposes it too.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionModel AddOwner()
    {
        _network.AddOwner();
        return this;
    }

    /// <summary>Moves the weights.</summary>
    /// <exception cref="InvalidOperationException">Somebody uses the network.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public void MoveTo(Device target) => _network.Change(network =>
    {
        network.to(target);
        Device = target;
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

        return new Denoiser(Guided, Description.Prediction, clipping, Description.Variance);
    }

    /// <summary>Copies the weights into a network of the same shape.</summary>
    public void CopyWeightsTo(UNet other)
    {
        using var share = _network.TakeAgain();
        using var noGrad = no_grad();
        foreach (var (target, source) in other.parameters().Zip(share.Value.parameters()))
        {
            target.copy_(source);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _network.RemoveOwner();
}
