using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Schedules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>A trained network and what it is. Several transformers may share it: it is freed when the last of them is disposed.</summary>
internal sealed class DiffusionModel(ModelDescription description, UNet network, Device device) : IDisposable
{
    private int _owners = 1;

    public ModelDescription Description => description;

    public UNet Network => network;

    public Device Device { get; private set; } = device;

    /// <summary>What the network says of batches.</summary>
    public NetworkCalls Calls { get; } = new(network);

    /// <summary>Takes another share of the model, to be disposed too.</summary>
    public DiffusionModel Share()
    {
        Interlocked.Increment(ref _owners);
        return this;
    }

    /// <summary>Moves the weights.</summary>
    public void MoveTo(Device target)
    {
        network.to(target);
        Device = target;
    }

    /// <summary>The network as a denoiser of one batch.</summary>
    /// <param name="labels">Class of each image of the batch, -1 for none; null for an unconditional batch.</param>
    /// <param name="guidance">A scale of 1 follows the labels, 0 ignores them, anything else costs a batch of twice the size.</param>
    /// <param name="clipping">The sampler's.</param>
    public Denoiser Denoiser(Tensor? labels, Guidance guidance, Clipping clipping)
    {
        var levels = new Lazy<LevelTable>(() => new LevelTable(description.Schedule));
        Tensor Guided(Tensor x, double timestep) =>
            ClassifierFreeGuidance.Predict(
                (batch, classes) => Calls.Predict(batch, timestep, classes),
                x,
                labels,
                guidance.At(timestep, levels));

        return new Denoiser(Guided, description.Prediction, clipping, description.Variance);
    }

    /// <summary>Copies the weights into a network of the same shape.</summary>
    public void CopyWeightsTo(UNet other)
    {
        using var noGrad = no_grad();
        foreach (var (target, source) in other.parameters().Zip(network.parameters()))
        {
            target.copy_(source);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            network.Dispose();
        }
    }
}
