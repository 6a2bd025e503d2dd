using Microsoft.ML.Diffusion.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>What a model is, apart from its weights: all that sampling needs, so that nothing has to be typed again.</summary>
internal sealed record ModelDescription(
    ImageShape Shape,
    UNetOptions Network,
    NoiseSchedule Schedule,
    PredictionType Prediction,
    ModelVariance Variance,
    IReadOnlyList<string> ClassNames)
{
    public int NumberOfClasses => ClassNames.Count;

    /// <summary>Channels of the network's output: those of the images, and as many more for a learned variance.</summary>
    public int OutputChannels => Variance == ModelVariance.LearnedRange ? 2 * Shape.Channels : Shape.Channels;

    public UNet CreateNetwork()
    {
        NativeHeap.Tune();
        return new UNet(Network, Shape.Channels, OutputChannels, Shape.Height, Shape.Width, NumberOfClasses);
    }
}

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
    /// <param name="guidanceScale">1 follows the labels, 0 ignores them, anything else costs a batch of twice the size.</param>
    /// <param name="clipping">The sampler's.</param>
    public Denoiser Denoiser(Tensor? labels, double guidanceScale, Clipping clipping)
    {
        Tensor Guided(Tensor x, double timestep) => ClassifierFreeGuidance.Predict((batch, classes) => Predict(batch, timestep, classes), x, labels, guidanceScale);

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
        return network.Forward(x, tensor([(float)timestep], device: Device), labels);
    }

    /// <summary>Calls the network on a batch as far as its lowest resolution; parameters as for <see cref="Predict"/>.</summary>
    /// <returns>The features behind the middle blocks, [N, channels, height, width].</returns>
    public Tensor Bottleneck(Tensor x, double timestep, Tensor? labels)
    {
        Interlocked.Increment(ref _calls);
        return network.Bottleneck(x, tensor([(float)timestep], device: Device), labels);
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
