using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A network that is computed by this library's own kernels. What it says of an image does not depend on the others of its batch, bit by bit.</summary>
/// <param name="weights">Its weights, which it takes over.</param>
internal sealed unsafe class CpuNetwork(NetworkWeights weights) : Network(weights.Plan)
{
    private PreparedFilters? _filters;
    private readonly ConcurrentDictionary<(int Last, int Images), CpuProgram> _programs = new(); // of few images each, and so a few
    private readonly CpuMemoryPool _memory = new(Environment.ProcessorCount);

    /// <inheritdoc/>
    public override ComputeDevice Device => ComputeDevice.Cpu;

    /// <inheritdoc/>
    public override bool DependsOnBatchSize => false;

    /// <summary>The weights.</summary>
    public NetworkWeights Weights => weights;

    /// <summary>The pieces of memory that are kept for later calls.</summary>
    internal int IdleMemories => _memory.Count;

    /// <summary>The programs that are kept for later calls.</summary>
    internal int Programs => _programs.Count;

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
        _memory.Clear();
        _programs.Clear();
        weights = null!; // whoever keeps the network keeps no numbers
    }

    private void Compute(int last, NetworkInput input, Memory<float> result)
    {
        var (parts, one) = (CoreShare.Cores, ProgramFor(last, 1));
        var share = CpuShare.For(one, parts);
        if (input.Count < parts || parts == 1 || share.Parts < parts)
        {
            // Too few images for all cores, or too large ones: each layer is shared out.
            Compute(last, input, result, CpuShare.For(one, 1).Images, 0, input.Count);
            return;
        }

        KernelThreads.Run(
            parts,
            part => Compute(
                last,
                input,
                result,
                share.Images,
                Workers.Begin(part, parts, input.Count),
                Workers.Begin(part + 1, parts, input.Count)));
    }

    private CpuProgram ProgramFor(int last, int images) =>
        _programs.GetOrAdd((last, images), key => new CpuProgram(Plan, key.Images, key.Last, trains: false));

    private void Compute(int last, NetworkInput input, Memory<float> result, int most, int begin, int end)
    {
        var shape = Plan.Nodes[last].Shape;
        var length = shape.Channels * shape.Height * shape.Width;
        var chunks = (end - begin + most - 1) / most;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var (first, next) = (begin + Workers.Begin(chunk, chunks, end - begin), begin + Workers.Begin(chunk + 1, chunks, end - begin));
            var program = ProgramFor(last, next - first);
            var memory = _memory.Take(program.Memory.Length);
            var call = new CpuCall(program, weights, gradients: null, memory)
            {
                Filters = LazyInitializer.EnsureInitialized(ref _filters, () => new PreparedFilters(Plan)),
            };
            call.Begin(input, first, default);
            program.Forward(call);
            fixed (float* planes = result.Span.Slice(first * length, (next - first) * length))
            {
                PixelOrder.ToPlanes(call.Value(last), shape, next - first, planes);
            }

            _memory.Return(memory);
        }
    }
}
