using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <content>What the model is, and what the catalog asks of it.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Describes the model: images, network, parameters, schedule, sampler and training.</summary>
    /// <returns>The facts, whose text is readable as it is.</returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionModelInfo Describe() => new(
        ImageWidth, ImageHeight, Channels, ClassNames, Network, NumberOfParameters, Schedule, Prediction, Variance, Generation, Training, Device);

    /// <summary>Draws samples by their numbers, each alone decided by its own, the seed and its class.</summary>
    internal MLImage[] DrawSamples(IReadOnlyList<long> samples, IReadOnlyList<int>? labels, GenerationOptions options, long seed)
    {
        using var scope = NewDisposeScope();
        return PixelTensors.ToImages(new ImageGenerator(Model, options, seed).Generate(samples, labels), Model.Description.Shape);
    }

    /// <summary>Checks that the model is alive and knows the classes.</summary>
    internal void CheckLabels(IReadOnlyList<int>? labels, string parameter) => Inputs.CheckLabels(labels, labels?.Count ?? 0, parameter);

    /// <summary>The class of a name.</summary>
    internal int LabelOf(string name, string parameter) => Inputs.Label(name, parameter);

    /// <summary>Pixels of an image of the model's size, [C, H, W] in 0..255.</summary>
    internal byte[] PixelsOf(MLImage image) => Inputs.Pixels(image, nameof(image), nameof(image));
}
