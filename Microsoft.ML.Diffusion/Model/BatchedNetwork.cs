using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>Calls of a network. On the CPU and without gradients, the images of a batch are shared out between threads.</summary>
internal static class BatchedNetwork
{
    private static readonly ConcurrentDictionary<int, Lazy<WorkerThreads>> _threads = new();
    private static readonly Lock _turn = new();

    /// <summary>Calls a network on a batch. Calls take turns, because each has all cores.</summary>
    /// <param name="network">Takes images, timesteps and labels like the other parameters, and may be called on several threads at once.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="timesteps">[N], or [1] if all are at the same.</param>
    /// <param name="labels">[N], or null.</param>
    /// <returns>What the network returns for each image, [N, ...].</returns>
    public static Tensor Call(Func<Tensor, Tensor, Tensor?, Tensor> network, Tensor x, Tensor timesteps, Tensor? labels)
    {
        var images = (int)x.shape[0];
        var count = WorkerThreads.PartsFor(images, x.device);
        if (count == 1 || is_grad_enabled())
        {
            return network(x, timesteps, labels);
        }

        // Parts of one size, the last over the one before it: what libtorch computes may round differently for another number of images.
        var size = (images + count - 1) / count;
        int[] starts = [.. Enumerable.Range(0, (images + size - 1) / size).Select(part => Math.Min(part * size, images - size))];
        Tensor Compute(int part)
        {
            using var noGrad = no_grad();
            Tensor Cut(Tensor batch) => batch.narrow(0, starts[part], size);
            return network(Cut(x), timesteps.shape[0] == images ? Cut(timesteps) : timesteps, labels is null ? null : Cut(labels));
        }

        lock (_turn)
        {
            return Join(_threads.GetOrAdd(starts.Length, parts => new(() => new WorkerThreads(parts))).Value.Run(starts.Length, Compute), images);
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
