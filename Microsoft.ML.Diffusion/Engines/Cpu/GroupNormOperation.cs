using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A normalization of groups of channels, with or without silu.</summary>
internal sealed unsafe class GroupNormOperation(GroupNormNode node, int index, int images) : CpuOperation(index, images)
{
    private readonly GroupNormalization _kernel =
        new(images, node.Shape.Height * node.Shape.Width, node.Shape.Channels, node.Groups, node.Activates);

    /// <inheritdoc/>
    public override IReadOnlyList<int> NeededInputs => [node.Input];

    /// <inheritdoc/>
    public override bool ContributesElsewhere => true;

    /// <inheritdoc/>
    public override long OwnLength => (long)Images * 3 * _kernel.Stride;

    /// <inheritdoc/>
    public override void Forward(CpuCall call) => _kernel.Forward(
        call.Value(node.Input),
        call.Weights.Pointer(node.Factors.Weight),
        call.Weights.Pointer(node.Factors.Bias),
        node.Epsilon,
        call.Value(Index),
        call.Own(Index));

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        _kernel.Backward(
            call.Value(node.Input),
            call.Weights.Pointer(node.Factors.Weight),
            call.Weights.Pointer(node.Factors.Bias),
            call.Own(Index),
            call.Gradient(Index),
            Contribution(call, 0, node.Input),
            call.Gradients!.Pointer(node.Factors.Weight),
            call.Gradients.Pointer(node.Factors.Bias));
        Add(call, 0, node.Input, Length(node.Shape));
    }
}
