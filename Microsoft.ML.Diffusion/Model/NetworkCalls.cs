using System.Numerics.Tensors;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>
/// The one door to a network outside of a training step: a call holds a share of it. Networks compute in single precision, all around them in double.
/// </summary>
/// <param name="network">The network.</param>
internal sealed partial class NetworkCalls(Shared<UNet> network)
{
    private long _count;

    /// <summary>How often the network was called.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>What the network says of x, all of it at one timestep.</summary>
    /// <param name="x">[N][C][H][W].</param>
    /// <param name="timestep">The timestep of all; it need not be a whole number.</param>
    /// <param name="labels">N classes, -1 for none; null for none of any.</param>
    /// <returns>[N][C][H][W], or [N][2C][H][W] for a learned variance.</returns>
    public Batch Predict(Batch x, double timestep, IReadOnlyList<int>? labels) =>
        Call(network => network.Forward, x, [(float)timestep], labels);

    /// <summary>What the network says of x, each at a timestep of its own; the other parameters are as for the other overload.</summary>
    public Batch Predict(Batch x, IReadOnlyList<int> timesteps, IReadOnlyList<int>? labels) =>
        Call(network => network.Forward, x, [.. timesteps.Select(timestep => (float)timestep)], labels);

    /// <summary>
    /// The features of x in the middle of the network, the mean of each channel, [N][C']; parameters are as for
    /// <see cref="Predict(Batch, double, IReadOnlyList{int}?)"/>.
    /// </summary>
    public Batch Bottleneck(Batch x, double timestep, IReadOnlyList<int>? labels)
    {
        using var share = network.TakeAgain();
        var features = Call(network => network.Bottleneck, x, [(float)timestep], labels);
        var channels = share.Value.Plan.Nodes[share.Value.Plan.Bottleneck].Shape.Channels;
        var pixels = features.Length / channels;
        return Batch.Create(x.Count, channels, (image, means) =>
        {
            for (var channel = 0; channel < channels; channel++)
            {
                means[channel] = TensorPrimitives.Sum<double>(features[image].Slice(channel * pixels, pixels)) / pixels;
            }
        });
    }
}
