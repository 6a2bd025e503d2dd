using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>The one door to a network outside of a training step: a call holds a share of it.</summary>
/// <param name="network">The network.</param>
internal sealed class NetworkCalls(Shared<Network> network)
{
    private long _count;

    /// <summary>How often the network was called.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>What the network says of x, all of it at one timestep.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="timestep">The timestep of all; it need not be a whole number.</param>
    /// <param name="labels">[N], -1 for none; null for none of any.</param>
    /// <returns>[N, C, H, W], or [N, 2C, H, W] for a learned variance.</returns>
    public Tensor Predict(Tensor x, double timestep, Tensor? labels) => Predict(x, [(float)timestep], labels);

    /// <summary>What the network says of x, each at a timestep of its own; the other parameters are as for the other overload.</summary>
    public Tensor Predict(Tensor x, ReadOnlySpan<int> timesteps, Tensor? labels) =>
        Predict(x, Array.ConvertAll(timesteps.ToArray(), timestep => (float)timestep), labels);

    /// <summary>
    /// The features of x in the middle of the network, [N, C', H', W']; parameters are as for <see cref="Predict(Tensor, double, Tensor?)"/>.
    /// </summary>
    public Tensor Bottleneck(Tensor x, double timestep, Tensor? labels)
    {
        using var share = Use();
        return Call(x, [(float)timestep], labels, share.Value.Plan.Nodes[share.Value.Plan.Bottleneck].Shape, share.Value.Bottleneck);
    }

    private Tensor Predict(Tensor x, float[] timesteps, Tensor? labels)
    {
        using var share = Use();
        return Call(x, timesteps, labels, share.Value.Plan.Nodes[^1].Shape, share.Value.Predict);
    }

    private Share<Network> Use()
    {
        var share = network.TakeAgain();
        Interlocked.Increment(ref _count);
        return share;
    }

    private static Tensor Call(Tensor x, float[] timesteps, Tensor? labels, ValueShape shape, Action<NetworkInput, Memory<float>> call)
    {
        using var scope = NewDisposeScope();
        var images = (int)x.shape[0];
        var result = new float[images * shape.Of(1).Aggregate((product, side) => product * side)];
        int[] classes = labels is null ? [] : Array.ConvertAll(labels.cpu().data<long>().ToArray(), label => (int)label);
        var pixels = x.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        call(new NetworkInput(images, pixels, timesteps, classes), result);
        return tensor(result, shape.Of(images)).to(x.dtype).to(x.device).MoveToOuterDisposeScope();
    }
}
