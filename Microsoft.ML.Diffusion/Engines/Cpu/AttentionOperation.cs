using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Attention of pixels to pixels.</summary>
internal sealed unsafe class AttentionOperation(AttentionNode node, int index, int images) : CpuOperation(index, images)
{
    private readonly IReadOnlyList<int> _inputs = node.Inputs;
    private readonly Attention _kernel = new(images, node.Shape.Height * node.Shape.Width, node.Shape.Channels, node.Heads);

    /// <inheritdoc/>
    public override IReadOnlyList<int> NeededInputs => _inputs;

    /// <inheritdoc/>
    public override void Forward(CpuCall call) =>
        _kernel.Forward(call.Value(node.Queries), call.Value(node.Keys), call.Value(node.Values), call.Value(Index));

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        for (var slot = 0; slot < _inputs.Count; slot++)
        {
            if (Adds[slot] != true)
            {
                new Span<float>(call.Gradient(_inputs[slot]), Length(node.Shape)).Clear();
            }
        }

        _kernel.Backward(
            new(call.Value(node.Queries), call.Value(node.Keys), call.Value(node.Values)),
            call.Gradient(Index),
            new(call.Gradient(node.Queries), call.Gradient(node.Keys), call.Gradient(node.Values)));
    }
}
