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

    public override string ToString() => $"Diffusion model of {Shape}{(ClassNames.Count > 0 ? $", {ClassNames.Count} classes" : "")}: {Network}, {Schedule}, {Prediction} prediction{(Variance == ModelVariance.LearnedRange ? ", learned variance" : "")}";

    public UNet CreateNetwork()
    {
        NativeHeap.Tune();
        return new UNet(Network, Shape.Channels, OutputChannels, Shape.Height, Shape.Width, NumberOfClasses);
    }
}

/// <summary>A trained network and what it is.</summary>
internal sealed class DiffusionModel(ModelDescription description, UNet network, Device device) : IDisposable
{
    public ModelDescription Description => description;

    public UNet Network => network;

    public Device Device { get; private set; } = device;

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
        Tensor Predict(Tensor x, double timestep) => ClassifierFreeGuidance.Predict(
            (batch, classes) => network.Forward(batch, tensor([(float)timestep], device: Device), classes), x, labels, guidanceScale);

        return new Denoiser(Predict, description.Prediction, clipping, description.Variance);
    }

    /// <inheritdoc/>
    public void Dispose() => network.Dispose();
}
