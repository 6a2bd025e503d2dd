using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Computes the gradient of a batch in parts side by side, on the CPU; elsewhere there is one part.</summary>
/// <remarks>
/// All parts use the same weights, and add their gradients to buffers of their own. The parts of a batch follow from the number of its images, so that a run
/// repeats.
/// </remarks>
internal sealed class GradientShards : IDisposable
{
    private readonly FlatOptimizer _parameters;
    private readonly List<UNet> _networks;
    private readonly Dictionary<int, Workers> _threads = [];
    private readonly int _maximum;

    /// <param name="network">The network to train.</param>
    /// <param name="parameters">Its weights.</param>
    /// <param name="maximum">The most parts that there may be.</param>
    public GradientShards(UNet network, FlatOptimizer parameters, int maximum)
    {
        (_parameters, _maximum) = (parameters, maximum);
        _networks = [network];
    }

    /// <summary>Computes parts of a batch side by side, and waits for all.</summary>
    /// <param name="images">The number of images.</param>
    /// <param name="work">Called with a network, the first image of a part and their number, in a dispose scope of its own.</param>
    public void Run(int images, Action<UNet, int, int> work)
    {
        var parts = Workers.Parts(images, _maximum).ToArray();
        while (_networks.Count < parts.Length)
        {
            _networks.Add(new UNet(_networks[0].Plan));
            _parameters.Share(_networks[^1]);
        }

        void Compute(int part)
        {
            using var scope = NewDisposeScope();
            work(_networks[part], parts[part].First, parts[part].Count);
        }

        if (parts.Length == 1)
        {
            Compute(0);
            return;
        }

        // As many threads as parts: each has its share of all cores.
        if (!_threads.TryGetValue(parts.Length, out var threads))
        {
            _threads.Add(parts.Length, threads = TorchThreads.Start(parts.Length));
        }

        threads.Run(Compute);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var threads in _threads.Values)
        {
            threads.Dispose();
        }

        foreach (var other in _networks.Skip(1))
        {
            other.Dispose();
        }
    }
}
