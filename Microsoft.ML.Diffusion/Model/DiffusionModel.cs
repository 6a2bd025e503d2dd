using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Schedules;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>A trained network and what it is. Several transformers may share it: it is freed when the last of them is disposed.</summary>
internal sealed class DiffusionModel(ModelDescription description, UNet network, Device device) : IDisposable
{
    private int _owners = 1;
    private long _calls;

    public ModelDescription Description => description;

    public UNet Network => network;

    public Device Device { get; private set; } = device;

    /// <summary>How often a batch has gone through the network.</summary>
    public long NumberOfCalls => Interlocked.Read(ref _calls);

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
        Tensor Guided(Tensor x, double timestep) => ClassifierFreeGuidance.Predict((batch, classes) => Predict(batch, timestep, classes), x, labels, guidance.At(timestep, levels));

        return new Denoiser(Guided, description.Prediction, clipping, description.Variance);
    }

    /// <summary>Calls the network on a batch.</summary>
    /// <param name="x">x_t, [N, C, H, W].</param>
    /// <param name="timestep">t, the same for all.</param>
    /// <param name="labels">Class of each image, int64 [N], -1 for none; null for a batch without classes.</param>
    /// <returns>What the network predicts, [N, C, H, W], or [N, 2C, H, W] with a learned variance.</returns>
    public Tensor Predict(Tensor x, double timestep, Tensor? labels)
    {
        Interlocked.Increment(ref _calls);
        return BatchedNetwork.Call(network.Forward, x, tensor([(float)timestep], device: Device), labels);
    }

    /// <summary>Calls the network on a batch whose images have timesteps of their own; parameters and result as for the other overload.</summary>
    public Tensor Predict(Tensor x, ReadOnlySpan<int> timesteps, Tensor? labels)
    {
        Interlocked.Increment(ref _calls);
        return BatchedNetwork.Call(network.Forward, x, tensor(Array.ConvertAll(timesteps.ToArray(), timestep => (float)timestep), device: Device), labels);
    }

    /// <summary>Calls the network on a batch as far as its lowest resolution; parameters as for the others.</summary>
    /// <returns>The features behind the middle blocks, [N, channels, height, width].</returns>
    public Tensor Bottleneck(Tensor x, double timestep, Tensor? labels)
    {
        Interlocked.Increment(ref _calls);
        return BatchedNetwork.Call(network.Bottleneck, x, tensor([(float)timestep], device: Device), labels);
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
