using System.Diagnostics;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A plan, or its beginning, made ready for a number of images: its operations in order, and where all that they make lies in one memory.</summary>
internal sealed class CpuProgram
{
    private readonly CpuOperation[] _operations;
    private readonly CpuLayout _layout;

    /// <param name="plan">What is computed.</param>
    /// <param name="images">For how many images at once.</param>
    /// <param name="last">The node whose value is wanted.</param>
    /// <param name="trains">Whether gradients are computed, and features dropped.</param>
    public CpuProgram(UNetPlan plan, int images, int last, bool trains)
    {
        (Plan, Images, Last) = (plan, images, last);
        _operations = [.. Enumerable.Range(0, last + 1).Select(node => CpuOperations.Create(plan, node, images, trains))];
        _layout = new CpuLayout(plan, images, _operations, trains);
    }

    public UNetPlan Plan { get; }

    /// <summary>The number of images.</summary>
    public int Images { get; }

    /// <summary>The node whose value is wanted.</summary>
    public int Last { get; }

    /// <summary>The memory of a call.</summary>
    public MemoryPlan Memory => _layout.Memory;

    /// <summary>Where the value of a node begins.</summary>
    public long ValueOffset(int node) => _layout.ValueOf(node);

    /// <summary>Where the gradient of a value begins.</summary>
    public long GradientOffset(int node) => _layout.GradientOf(node);

    /// <summary>Where what a node keeps for its gradient begins.</summary>
    public long OwnOffset(int node) => _layout.OwnOf(node);

    /// <summary>Where a node computes what it then adds to a gradient.</summary>
    public long ContributionOffset(int node) => _layout.ContributionOf(node);

    /// <summary>Computes all values.</summary>
    public void Forward(CpuCall call)
    {
        foreach (var operation in _operations)
        {
            operation.Forward(call);
        }
    }

    /// <summary>Computes all gradients, from that of the last value.</summary>
    /// <param name="call">With the values.</param>
    /// <param name="sums">Is told how far it is; null for nobody.</param>
    /// <param name="part">The part of the batch that this is, for them.</param>
    public void Backward(CpuCall call, SliceSums? sums = null, int part = 0)
    {
        for (var node = Last; node >= 0; node--)
        {
            if (_layout.HasGradient(node))
            {
                _operations[node].Backward(call);
            }

            sums?.Pass(part, node);
        }
    }

    /// <summary>Computes all values and gradients, and adds the seconds that each node took.</summary>
    internal void Measure(CpuCall call, double[] forward, double[] backward)
    {
        for (var node = 0; node <= Last; node++)
        {
            var start = Stopwatch.GetTimestamp();
            _operations[node].Forward(call);
            forward[node] += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        for (var node = Last; node >= 0; node--)
        {
            var start = Stopwatch.GetTimestamp();
            if (_layout.HasGradient(node))
            {
                _operations[node].Backward(call);
            }

            backward[node] += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
