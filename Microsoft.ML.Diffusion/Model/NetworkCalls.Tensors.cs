using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <content>The way to the network, whose numbers are tensors. On the CPU and without gradients, the images of a batch are shared out between threads.</content>
internal sealed partial class NetworkCalls
{
    private static readonly ConcurrentDictionary<int, Lazy<WorkerThreads>> _threads = new();
    private static readonly Lock _turn = new();

    /// <summary>What the network says of x, each at a timestep of its own.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="timesteps">N timesteps.</param>
    /// <param name="labels">[N], -1 for none; null for none of any.</param>
    /// <returns>[N, C, H, W], or [N, 2C, H, W] for a learned variance.</returns>
    public Tensor Predict(Tensor x, ReadOnlySpan<int> timesteps, Tensor? labels)
    {
        using var share = network.TakeAgain();
        var times = tensor(Array.ConvertAll(timesteps.ToArray(), timestep => (float)timestep), device: x.device);
        return Call(share.Value.Forward, x, times, labels);
    }

    // Single precision in and out is here, and nowhere else.
    private Batch Call(Func<UNet, Func<Tensor, Tensor, Tensor?, Tensor>> method, Batch x, float[] times, IReadOnlyList<int>? labels)
    {
        using var share = network.TakeAgain();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var shape = share.Value.Plan.Nodes.OfType<ImagesNode>().Single().Shape.Of(x.Count);
        var device = share.Value.parameters().First().device;
        var result =
            Call(
                method(share.Value),
                tensor(x.ToSingle(), shape, device: device),
                tensor(times, device: device),
                labels is null ? null : tensor([.. labels.Select(label => (long)label)], device: device));
        return Batch.Of(RandomTensors.Numbers(result.to(ScalarType.Float32).cpu().contiguous()), x.Count);
    }

    private Tensor Call(Func<Tensor, Tensor, Tensor?, Tensor> method, Tensor x, Tensor timesteps, Tensor? labels)
    {
        Interlocked.Increment(ref _count);
        return ShareOut(method, x, timesteps, labels);
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
