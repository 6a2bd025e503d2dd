using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>
/// A network's filters as its convolutions multiply by them, kept from call to call: for a single image, making them takes as long as using them. They take up to four times the
/// memory of the weights, of which a limit is kept; filters beyond it are made in each call.
/// </summary>
/// <param name="plan">The network's.</param>
internal sealed unsafe class PreparedFilters(UNetPlan plan)
{
    private const long MostFloats = 64L << 20; // 256 MiB

    private readonly CpuMemory?[] _filters = new CpuMemory?[plan.Nodes.Count];
    private readonly Lock _making = new();
    private long _floats;

    /// <summary>Those of a node; null where there is no room for them.</summary>
    /// <param name="node">The node.</param>
    /// <param name="kernel">Its convolution, of any number of images.</param>
    /// <param name="g">Its filters.</param>
    public float* Of(int node, Convolution kernel, float* g)
    {
        if (Volatile.Read(ref _filters[node]) is { } made)
        {
            return made.Begin;
        }

        lock (_making)
        {
            if (_filters[node] is { } other)
            {
                return other.Begin;
            }

            if (_floats + kernel.PreparedLength > MostFloats)
            {
                return null;
            }

            var memory = new CpuMemory(kernel.PreparedLength);
            kernel.Prepare(g, memory.Begin);
            _floats += kernel.PreparedLength;
            Volatile.Write(ref _filters[node], memory);
            return memory.Begin;
        }
    }
}
