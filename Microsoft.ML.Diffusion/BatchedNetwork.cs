using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Calls of a network without gradients. On the CPU the images of a batch are shared out between threads.</summary>
internal static class BatchedNetwork
{
    /// <summary>Calls a network on a batch.</summary>
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

        var threads = WorkerThreads.Shared;
        (int First, int Count)[] parts = [.. WorkerThreads.Parts(images, Math.Min(count, threads.Count))];
        var results = threads.Run(parts.Length, index =>
        {
            using var noGrad = no_grad();
            Tensor Cut(Tensor batch) => batch.shape[0] == 1 ? batch : batch.narrow(0, parts[index].First, parts[index].Count);
            return network(Cut(x), Cut(timesteps), labels is null ? null : Cut(labels));
        });
        var joined = cat(results);
        foreach (var result in results)
        {
            result.Dispose();
        }

        return joined;
    }
}
