using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Computes the gradient of a batch in parts side by side, on the CPU; elsewhere there is one part.</summary>
/// <remarks>
/// All parts use the same weights, and add their gradients to buffers of their own. The parts of a batch follow from their number, so that a run
/// repeats.
/// </remarks>
internal sealed class GradientShards : IDisposable
{
    private readonly UNet[] _networks;
    private readonly WorkerThreads _threads;

    /// <param name="network">The network to train.</param>
    /// <param name="parameters">Its weights.</param>
    /// <param name="createNetwork">Makes another network of its shape.</param>
    /// <param name="count">The number of parts.</param>
    public GradientShards(UNet network, FlatOptimizer parameters, Func<UNet> createNetwork, int count)
    {
        _networks = [network, .. Enumerable.Range(1, count - 1).Select(_ => createNetwork())];
        foreach (var other in _networks.Skip(1))
        {
            parameters.Share(other);
            other.train();
        }

        _threads = new WorkerThreads(count);
    }

    /// <summary>The number of parts.</summary>
    public int Count => _networks.Length;

    /// <summary>Computes parts of a batch side by side, and waits for all.</summary>
    /// <param name="parts">At most <see cref="Count"/>.</param>
    /// <param name="work">Called with a network, the first image of a part and their number, in a dispose scope of its own that only its result leaves.</param>
    /// <returns>The results, in the order of the parts, in no dispose scope.</returns>
    public Tensor[] Run(IReadOnlyList<(int First, int Count)> parts, Func<UNet, int, int, Tensor> work) =>
        _threads.Run(parts.Count, index => work(_networks[index], parts[index].First, parts[index].Count));

    /// <inheritdoc/>
    public void Dispose()
    {
        _threads.Dispose();
        foreach (var other in _networks.Skip(1))
        {
            other.Dispose();
        }
    }
}
