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
        Tensor Time(double timestep) => tensor([(float)timestep], device: Device);

        Func<Tensor, double, Tensor> predict = (labels, guidanceScale) switch
        {
            (null, _) or (_, 0) => (x, t) => network.Forward(x, Time(t)),
            (_, 1) => (x, t) => network.Forward(x, Time(t), labels),
            _ => (x, t) =>
            {
                var both = network.Forward(cat([x, x]), Time(t), cat([labels, full_like(labels, -1)])).chunk(2);
                return Guide(both[0], both[1], guidanceScale);
            },
        };
        return new Denoiser(predict, description.Prediction, clipping, description.Variance);
    }

    // Guidance moves the prediction; a learned variance stays that of the class.
    private Tensor Guide(Tensor labelled, Tensor unlabelled, double guidanceScale)
    {
        var channels = description.Shape.Channels;
        var (from, to) = (unlabelled.narrow(1, 0, channels), labelled.narrow(1, 0, channels));
        var guided = from + (guidanceScale * (to - from));
        return description.Variance == ModelVariance.LearnedRange ? cat([guided, labelled.narrow(1, channels, channels)], 1) : guided;
    }

    /// <inheritdoc/>
    public void Dispose() => network.Dispose();
}
