using System.Numerics.Tensors;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>
/// The one door to a network outside of a training step: a call holds a share of it. Networks compute in single precision, all around them in double.
/// </summary>
/// <param name="network">The network.</param>
internal sealed class NetworkCalls(Shared<Network> network)
{
    private long _count;

    /// <summary>How often the network was called.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>What the network says of x, all of it at one timestep.</summary>
    /// <param name="x">[N][C][H][W].</param>
    /// <param name="timestep">The timestep of all; it need not be a whole number.</param>
    /// <param name="labels">N classes, -1 for none; null for none of any.</param>
    /// <returns>[N][C][H][W], or [N][2C][H][W] for a learned variance.</returns>
    public Batch Predict(Batch x, double timestep, IReadOnlyList<int>? labels) => Predict(x, [(float)timestep], labels);

    /// <summary>What the network says of x, each at a timestep of its own; the other parameters are as for the other overload.</summary>
    public Batch Predict(Batch x, IReadOnlyList<int> timesteps, IReadOnlyList<int>? labels) =>
        Predict(x, [.. timesteps.Select(timestep => (float)timestep)], labels);

    /// <summary>
    /// The features of x in the middle of the network, the mean of each channel, [N][C']; parameters are as for
    /// <see cref="Predict(Batch, double, IReadOnlyList{int}?)"/>.
    /// </summary>
    public Batch Bottleneck(Batch x, double timestep, IReadOnlyList<int>? labels)
    {
        using var share = Use();
        var shape = share.Value.Plan.Nodes[share.Value.Plan.Bottleneck].Shape;
        var features = Call(share.Value.Bottleneck, shape, x, [(float)timestep], labels);
        var pixels = shape.Height * shape.Width;
        return Batch.Create(x.Count, shape.Channels, (image, means) =>
        {
            for (var channel = 0; channel < means.Length; channel++)
            {
                means[channel] = TensorPrimitives.Sum<double>(features[image].Slice(channel * pixels, pixels)) / pixels;
            }
        });
    }

    private Batch Predict(Batch x, float[] timesteps, IReadOnlyList<int>? labels)
    {
        using var share = Use();
        return Call(share.Value.Predict, share.Value.Plan.Nodes[^1].Shape, x, timesteps, labels);
    }

    private Share<Network> Use()
    {
        var share = network.TakeAgain();
        Interlocked.Increment(ref _count);
        return share;
    }

    private static Batch Call(
        Action<NetworkInput, Memory<float>> method,
        ValueShape shape,
        Batch x,
        float[] timesteps,
        IReadOnlyList<int>? labels)
    {
        var result = new float[x.Count * shape.Channels * shape.Height * shape.Width];
        method(new NetworkInput(x.Count, x.ToSingle(), timesteps, labels is null ? default : labels.ToArray()), result);
        return Batch.Of(result, x.Count);
    }
}
