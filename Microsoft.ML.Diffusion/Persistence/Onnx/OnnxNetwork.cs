using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Writes a plan into a graph, node by node.</summary>
/// <param name="graph">Where to.</param>
/// <param name="plan">The network, as it is when it is trained.</param>
/// <param name="weights">Its weights, which are asked for when the file is written.</param>
internal sealed class OnnxNetwork(OnnxGraph graph, UNetPlan plan, Func<NetworkWeights> weights)
{
    private readonly OnnxLayers _layers = new(graph, weights);
    private readonly string[] _values = new string[plan.Nodes.Count];

    /// <summary>Writes all of it.</summary>
    /// <param name="sample">Noisy images, [N, C, H, W].</param>
    /// <param name="timestep">[N], or [1] if all are at the same.</param>
    /// <param name="classLabels">int64 [N], -1 for none; null for a network without classes.</param>
    /// <returns>The prediction, [N, C_out, H, W].</returns>
    public string Add(string sample, string timestep, string? classLabels)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = plan.Nodes[i] switch
            {
                ImagesNode => sample,
                SinusoidsNode node => _layers.Sinusoids(node, timestep),
                ClassEmbeddingNode node => _layers.ClassEmbedding(node, Of(node.Input), classLabels!),
                ConvolutionNode node => _layers.Convolution(node, Of(node.Input), node.Features is { } value ? Of(value) : null),
                AttentionNode node => _layers.Attention(node, Of(node.Queries), Of(node.Keys), Of(node.Values)),
                AddNode node => Sum(node),
                ScaleAndShiftNode node => ScaleAndShift(node),
                ConcatenateNode node => graph.Joined(Of(node.Input), Of(node.Other), 1),
                PlanStep node => Step(node, Of(node.Input)),
                var node => throw new NotSupportedException($"{node} has no ONNX."),
            };
        }

        return _values[^1];
    }

    private string Of(int value) => _values[value];

    private string Step(PlanStep step, string x) => step switch
    {
        GroupNormNode node => _layers.Normalization(node, x),
        LinearNode node => _layers.Linear(node, x),
        SiluNode => graph.Silu(x),
        DropoutNode => x,
        CenterNode => graph.Difference(graph.Product(x, graph.Number(2)), graph.Number(1)),
        PatchNode node => Patches(node, x),
        UnpatchNode node => graph.Op("DepthToSpace", [x], OnnxAttribute.Of("blocksize", node.Side), OnnxAttribute.Of("mode", "CRD")),
        AveragePoolNode =>
            graph.Op("AveragePool", [x], OnnxAttribute.Of("kernel_shape", [2, 2]), OnnxAttribute.Of("strides", [2, 2])),
        RepeatPixelsNode => _layers.Repeated(x),
        PixelsNode node => graph.Transposed(graph.Reshaped(x, 0, node.Shape.Channels, -1), 0, 2, 1),
        ImageNode node => graph.Reshaped(graph.Transposed(x, 0, 2, 1), 0, node.Shape.Channels, node.Shape.Height, node.Shape.Width),
        _ => throw new NotSupportedException($"{step} has no ONNX."),
    };

    private string Sum(AddNode node)
    {
        var sum = graph.Sum(Of(node.Input), Of(node.Other));
        return node.Divisor == 1 ? sum : graph.Product(sum, graph.Number(1 / node.Divisor));
    }

    private string ScaleAndShift(ScaleAndShiftNode node)
    {
        var halves = graph.Ops("Split", [graph.Expanded(Of(node.Features), 2, 3)], 2, OnnxAttribute.Of("axis", 1));
        return graph.Sum(graph.Product(Of(node.Input), graph.Sum(halves[0], graph.Number(1))), halves[1]);
    }

    // [N, C, H, side, W, side] to [N, C, side, side, H, W].
    private string Patches(PatchNode node, string x)
    {
        var (channels, height, width) = (node.Shape.Channels, node.Shape.Height, node.Shape.Width);
        var parts = graph.Reshaped(x, 0, channels / (node.Side * node.Side), height, node.Side, width, node.Side);
        return graph.Reshaped(graph.Transposed(parts, 0, 1, 3, 5, 2, 4), 0, channels, height, width);
    }
}
