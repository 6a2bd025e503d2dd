using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

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

    public UNet CreateNetwork() => new(Network, Shape.Channels, OutputChannels, Shape.Height, Shape.Width, NumberOfClasses);

    /// <summary>Checks that a network of this model can go on as one of another.</summary>
    /// <param name="other">What is to be trained.</param>
    /// <param name="parameter">What the caller calls this model.</param>
    /// <exception cref="ArgumentException">It cannot; the message names all that differs.</exception>
    public void CheckCanTrainOn(ModelDescription other, string parameter)
    {
        var differences = new[]
        {
            Difference(nameof(DiffusionOptions.Channels), Shape.Channels, other.Shape.Channels),
            Difference(nameof(DiffusionOptions.Network), Network with { Dropout = 0 }, other.Network with { Dropout = 0 }),
            Difference(nameof(DiffusionOptions.Schedule), Schedule.Kind, other.Schedule.Kind),
            Difference(nameof(DiffusionOptions.Prediction), Prediction, other.Prediction),
            Difference(nameof(DiffusionOptions.Variance), Variance, other.Variance),
            Difference("the classes of LabelColumnName", EquatableList.Of(ClassNames), EquatableList.Of(other.ClassNames)),
        }.OfType<string>().ToList();
        if (differences.Count > 0)
        {
            throw new ArgumentException($"{parameter} cannot be trained on, because it differs in {string.Join("; ", differences)}. Set these options to the model's own.", parameter);
        }
    }

    private static string? Difference<T>(string name, T model, T options) =>
        Equals(model, options) ? null : $"{name} ({Text(model)} in the model, {Text(options)} here)";

    private static string Text<T>(T value) => value is Enum name ? name.ToString() : JsonSerializer.Serialize(value);
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

    /// <summary>SHA-256 of the weights.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var weight in network.parameters())
        {
            TensorBytes.Read(weight, hash.AppendData);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
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
