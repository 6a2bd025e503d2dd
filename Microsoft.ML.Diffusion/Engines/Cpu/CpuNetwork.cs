using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A network that is computed by this library's own kernels. What it says of an image does not depend on the others of its batch, bit by bit.</summary>
/// <param name="weights">Its weights, which it takes over.</param>
internal sealed unsafe class CpuNetwork(NetworkWeights weights) : Network(weights.Plan)
{
    private const int LargestChunk = 8; // images at a time: what is between them stays in the caches

    private PreparedFilters? _filters;
    private readonly ConcurrentDictionary<(int Last, int Images), CpuProgram> _programs = new();
    private readonly ConcurrentDictionary<CpuProgram, ConcurrentBag<CpuCall>> _calls = new();

    /// <inheritdoc/>
    public override ComputeDevice Device => ComputeDevice.Cpu;

    /// <summary>The weights.</summary>
    public NetworkWeights Weights => weights;

    /// <inheritdoc/>
    public override void Predict(NetworkInput input, Memory<float> prediction) => Compute(Plan.Nodes.Count - 1, input, prediction);

    /// <inheritdoc/>
    public override void Bottleneck(NetworkInput input, Memory<float> features) => Compute(Plan.Bottleneck, input, features);

    /// <inheritdoc/>
    public override void Read(NetworkWeights target) => weights.All.CopyTo(target.All);

    /// <inheritdoc/>
    public override NetworkTraining Train(TrainingPrecision precision) => new CpuTraining(this);

    /// <summary>Tells that the weights have changed.</summary>
    public void Change() => _filters = null;

    /// <inheritdoc/>
    public override void Dispose()
    {
        Change();
        _calls.Clear();
        _programs.Clear();
    }

    private void Compute(int last, NetworkInput input, Memory<float> result)
    {
        var parts = CoreShare.Cores;
        if (input.Count < parts || parts == 1)
        {
            Compute(last, input, result, 0, input.Count); // too few images for all cores: each layer is shared out
            return;
        }

        KernelThreads.Run(
            parts,
            part => Compute(
                last,
                input,
                result,
                Workers.Begin(part, parts, input.Count),
                Workers.Begin(part + 1, parts, input.Count)));
    }

    private void Compute(int last, NetworkInput input, Memory<float> result, int begin, int end)
    {
        var shape = Plan.Nodes[last].Shape;
        var length = shape.Channels * shape.Height * shape.Width;
        var chunks = (end - begin + LargestChunk - 1) / LargestChunk;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var (first, next) = (begin + Workers.Begin(chunk, chunks, end - begin), begin + Workers.Begin(chunk + 1, chunks, end - begin));
            var program = _programs.GetOrAdd((last, next - first), key => new CpuProgram(Plan, key.Images, key.Last, trains: false));
            var idle = _calls.GetOrAdd(program, _ => []);
            var call = idle.TryTake(out var free) ? free : new CpuCall(program, weights);
            call.Filters = LazyInitializer.EnsureInitialized(ref _filters, () => new PreparedFilters(Plan));
            call.Begin(input, first, default);
            program.Forward(call);
            fixed (float* planes = result.Span.Slice(first * length, (next - first) * length))
            {
                PixelOrder.ToPlanes(call.Value(last), shape, next - first, planes);
            }

            idle.Add(call);
        }
    }
}
