using Microsoft.ML.Diffusion.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>
/// A <see cref="UNetPlan"/> with weights, computed by TorchSharp and the CPU's kernels. Several threads may call one at once, each on images of its own.
/// </summary>
/// <remarks>Those of its members that TorchSharp's modules have too are named as there.</remarks>
internal sealed class UNet : IDisposable
{
    private readonly Dictionary<string, Parameter> _weights;

    /// <summary>A network all of whose weights are zero, on the processor.</summary>
    /// <param name="plan">What is computed.</param>
    public UNet(UNetPlan plan)
    {
        Plan = plan;
        _weights = new(Plan.Weights.Count);
        try
        {
            foreach (var weight in Plan.Weights)
            {
                _weights.Add(weight.Name, Held(zeros(weight.Sides)));
            }
        }
        catch
        {
            Dispose(); // out of memory
            throw;
        }
    }

    /// <summary>What is computed.</summary>
    public UNetPlan Plan { get; }

    /// <summary>A weight by its name.</summary>
    public Parameter this[string name] => _weights[name];

    /// <summary>The weights, in the order of model files.</summary>
    public IEnumerable<Parameter> parameters() => Plan.Weights.Select(weight => _weights[weight.Name]);

    /// <summary>The weights with their names, in the order of model files.</summary>
    public IEnumerable<(string name, Parameter parameter)> named_parameters() =>
        Plan.Weights.Select(weight => (weight.Name, _weights[weight.Name]));

    /// <summary>Copies the weights from a buffer.</summary>
    public void Write(NetworkWeights weights)
    {
        foreach (var weight in Plan.Weights)
        {
            HostNumbers.Write(weights[weight.Name], _weights[weight.Name]);
        }
    }

    /// <summary>Copies the weights into a buffer.</summary>
    public void Read(NetworkWeights weights)
    {
        foreach (var weight in Plan.Weights)
        {
            HostNumbers.Read(_weights[weight.Name], weights[weight.Name]);
        }
    }

    /// <summary>Moves the weights to a device. Those that are there already stay what they are; the others lose their gradients.</summary>
    public void to(Device device) => Replace(weight =>
        weight.device_type == device.type && (device.index < 0 || weight.device_index == device.index)
            ? weight
            : new Parameter(weight.detach().to(device)));

    /// <summary>Converts the weights to a type; otherwise as for a device.</summary>
    public void to(ScalarType type)
    {
        using var like = empty(0, type); // captured in place of the type, which would load TorchSharp with the closure's class
        Replace(weight => weight.dtype == like.dtype ? weight : new Parameter(weight.detach().to(like.dtype)));
    }

    /// <summary>Replaces each weight, in the order of an optimizer's buffers, by another of its shape, which belongs to the network from now on.</summary>
    public void Replace(Func<Parameter, Parameter> replace)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var weight in Plan.BufferedWeights)
        {
            var old = _weights[weight.Name];
            var replaced = replace(old);
            if (!ReferenceEquals(old, replaced))
            {
                _weights[weight.Name] = Held(replaced);
                old.Dispose();
            }
        }
    }

    /// <param name="x">Noisy images, [N, C, H, W].</param>
    /// <param name="timesteps">[N], or [1] if all are at the same.</param>
    /// <param name="labels">Class of each image, int64 [N], -1 for none; null where the network is unconditional or no image has one.</param>
    /// <param name="drops">What drops features; null drops none.</param>
    /// <param name="augmentation">What was done to each image, [N, K]; null for nothing.</param>
    /// <returns>The prediction, [N, C_out, H, W], in the type of <paramref name="x"/>; what is between is computed in that of the weights.</returns>
    public Tensor Forward(Tensor x, Tensor timesteps, Tensor? labels = null, SeededDropout? drops = null, Tensor? augmentation = null)
    {
        using var scope = NewDisposeScope();
        var walk = new TorchWalk(this, x, timesteps, labels, drops, augmentation);
        return walk.To(Plan.Nodes.Count - 1).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>What the lowest resolution sees; parameters as for <see cref="Forward"/>.</summary>
    /// <returns>The features behind the middle blocks, [N, channels, height, width].</returns>
    public Tensor Bottleneck(Tensor x, Tensor timesteps, Tensor? labels = null, Tensor? augmentation = null)
    {
        using var scope = NewDisposeScope();
        return new TorchWalk(this, x, timesteps, labels, augmentation: augmentation).To(Plan.Bottleneck).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var weight in _weights.Values)
        {
            weight.Dispose();
        }
    }

    private static Parameter Held(Tensor weight) =>
        (Parameter)(weight as Parameter ?? new Parameter(weight)).DetachFromDisposeScope();
}
