using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>
/// The one door to a network outside of a training step: a call holds a share of it. On the CPU and without gradients, the images of a batch are shared out between threads.
/// </summary>
/// <param name="network">The network.</param>
internal sealed partial class NetworkCalls(Shared<UNet> network)
{
    private static readonly ConcurrentDictionary<int, Lazy<WorkerThreads>> _threads = new();
    private static readonly Lock _turn = new();

    private long _count;

    /// <summary>How often the network was called.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>What the network says of x, all of it at one timestep.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="timestep">The timestep of all; it need not be a whole number.</param>
    /// <param name="labels">[N], -1 for none; null for none of any.</param>
    /// <returns>[N, C, H, W], or [N, 2C, H, W] for a learned variance.</returns>
    public Tensor Predict(Tensor x, double timestep, Tensor? labels) =>
        Call(network => network.Forward, x, [(float)timestep], labels);

    /// <summary>What the network says of x, each at a timestep of its own; the other parameters are as for the other overload.</summary>
    public Tensor Predict(Tensor x, ReadOnlySpan<int> timesteps, Tensor? labels) =>
        Call(network => network.Forward, x, Array.ConvertAll(timesteps.ToArray(), timestep => (float)timestep), labels);

    /// <summary>
    /// The features of x in the middle of the network, [N, C', H', W']; parameters are as for <see cref="Predict(Tensor, double, Tensor?)"/>.
    /// </summary>
    public Tensor Bottleneck(Tensor x, double timestep, Tensor? labels) =>
        Call(network => network.Bottleneck, x, [(float)timestep], labels);

    private Tensor Call(Func<UNet, Func<Tensor, Tensor, Tensor?, Tensor>> method, Tensor x, float[] times, Tensor? labels)
    {
        using var share = network.TakeAgain();
        Interlocked.Increment(ref _count);
        return ShareOut(method(share.Value), x, tensor(times, device: x.device), labels);
    }

    /// <summary>Calls on a batch. Calls take turns, because each has all cores.</summary>
    /// <param name="call">Takes images, timesteps and labels like the other parameters, and may be called on several threads at once.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="timesteps">[N], or [1] if all are at the same.</param>
    /// <param name="labels">[N], or null.</param>
    /// <returns>What is returned for each image, [N, ...].</returns>
    private static Tensor ShareOut(Func<Tensor, Tensor, Tensor?, Tensor> call, Tensor x, Tensor timesteps, Tensor? labels)
    {
        var images = (int)x.shape[0];
        var count = WorkerThreads.PartsFor(images, x.device);
        if (count == 1 || is_grad_enabled())
        {
            return call(x, timesteps, labels);
        }

        // Parts of one size, the last over the one before it: what libtorch computes may round differently for another number of images.
        var size = (images + count - 1) / count;
        int[] starts = [.. Enumerable.Range(0, (images + size - 1) / size).Select(part => Math.Min(part * size, images - size))];
        Tensor Compute(int part)
        {
            using var noGrad = no_grad();
            Tensor Cut(Tensor batch) => batch.narrow(0, starts[part], size);
            return call(Cut(x), timesteps.shape[0] == images ? Cut(timesteps) : timesteps, labels is null ? null : Cut(labels));
        }

        lock (_turn)
        {
            return Join(
                _threads.GetOrAdd(starts.Length, parts => new(() => new WorkerThreads(parts))).Value.Run(starts.Length, Compute),
                images);
        }
    }

    private static Tensor Join(Tensor[] parts, int images)
    {
        using var scope = NewDisposeScope();
        scope.Attach(parts);
        var last = parts[^1];
        var missing = images - ((parts.Length - 1) * last.shape[0]);
        return cat([.. parts[..^1], last.narrow(0, last.shape[0] - missing, missing)]).MoveToOuterDisposeScope();
    }
}
