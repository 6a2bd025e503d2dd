using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>The operations of plans.</summary>
internal static class CpuOperations
{
    /// <summary>Makes a node ready.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="index">Its number.</param>
    /// <param name="images">The number of images.</param>
    /// <param name="trains">Whether features are dropped.</param>
    public static CpuOperation Create(UNetPlan plan, int index, int images, bool trains)
    {
        ValueShape ShapeOf(int value) => plan.Nodes[value].Shape;
        return plan.Nodes[index] switch
        {
            ImagesNode node => new ImagesOperation(node, index, images),
            SinusoidsNode node => new SinusoidsOperation(node, index, images),
            ConvolutionNode node => new ConvolutionOperation(
                Shape(images, ShapeOf(node.Input), node.Shape.Channels, node.Filters.Weight.Shape[^1], node.Settings),
                node.Input,
                node.Features,
                node.Filters,
                index),
            LinearNode node => new ConvolutionOperation(
                Shape(images, ShapeOf(node.Input), node.Shape.Channels, 1, ConvolutionSettings.Plain),
                node.Input,
                null,
                node.Matrix,
                index),
            GroupNormNode node => new GroupNormOperation(node, index, images),
            ClassEmbeddingNode node => new ClassEmbeddingOperation(node, index, images),
            AugmentationEmbeddingNode node => new AugmentationEmbeddingOperation(node, index, images),
            AttentionNode node => new AttentionOperation(node, index, images),
            DropoutNode node when trains && plan.Options.Dropout > 0 => new DropoutOperation(node, plan.Options.Dropout, index, images),
            SiluNode node => new SiluOperation(node, index, images),
            AddNode node => new AddOperation(node, index, images),
            ScaleAndShiftNode node => new ScaleAndShiftOperation(node, index, images),
            ConcatenateNode node => new ConcatenateOperation(node, ShapeOf(node.Input).Channels, index, images),
            PixelsNode or ImageNode or DropoutNode => new AliasOperation((PlanStep)plan.Nodes[index], index, images),
            PlanStep node => new RearrangeOperation(node, ShapeOf(node.Input), index, images),
            var node => throw new NotSupportedException($"{node} is not computed on the CPU."),
        };
    }

    private static ConvolutionShape Shape(int images, ValueShape input, int outChannels, int side, ConvolutionSettings settings) =>
        new(images, input.Height, input.Width, input.Channels, outChannels, side, settings);
}
