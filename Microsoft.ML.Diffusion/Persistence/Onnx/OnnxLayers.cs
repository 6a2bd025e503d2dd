using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Writes layers with weights, and others that are several operations of ONNX.</summary>
/// <param name="graph">Where to.</param>
/// <param name="weights">The weights, which are asked for when the file is written.</param>
internal sealed class OnnxLayers(OnnxGraph graph, Func<NetworkWeights> weights)
{
    /// <summary>[N] to [N, count], as <see cref="Networks.Sinusoids"/> has it.</summary>
    public string Sinusoids(SinusoidsNode node, string timestep)
    {
        var frequencies = graph.Numbers("frequencies", Array.ConvertAll(new Sinusoids(node).Frequencies, frequency => (double)frequency));
        var angles = graph.Product(graph.Expanded(timestep, 1), frequencies);
        var (sines, cosines) = (graph.Op("Sin", [angles]), graph.Op("Cos", [angles]));
        return node.CosinesFirst ? graph.Joined(cosines, sines, 1) : graph.Joined(sines, cosines, 1);
    }

    /// <summary>Adds the vector of each image's class; nothing where there is none.</summary>
    public string ClassEmbedding(ClassEmbeddingNode node, string x, string labels)
    {
        var isLabelled = graph.Op("GreaterOrEqual", [labels, graph.Integer(0)]);
        isLabelled = graph.Op("Cast", [isLabelled], OnnxAttribute.Of("to", (long)OnnxType.Float));
        var vectors = graph.Op("Gather", [Weight(node.Vectors), graph.Op("Max", [labels, graph.Integer(0)])]);
        return graph.Sum(x, graph.Product(vectors, graph.Expanded(isLabelled, 1)));
    }

    /// <summary>Filters, and the features that are added to each pixel.</summary>
    public string Convolution(ConvolutionNode node, string x, string? features)
    {
        var (side, settings) = (node.Filters.Weight.Shape[^1], node.Settings);
        var y = graph.Op(
            "Conv",
            [settings.Doubles ? Repeated(x) : x, Weight(node.Filters.Weight), Weight(node.Filters.Bias)],
            OnnxAttribute.Of("kernel_shape", [side, side]),
            OnnxAttribute.Of("pads", [settings.Before, settings.Before, settings.After, settings.After]),
            OnnxAttribute.Of("strides", [settings.Stride, settings.Stride]));
        return features is null ? y : graph.Sum(y, graph.Expanded(features, 2, 3));
    }

    /// <summary>
    /// Groups are the channels of an image [N, groups, numbers of a group], each of which InstanceNormalization normalizes: ONNX has had it from the start, and
    /// GroupNormalization only since opset 21.
    /// </summary>
    public string Normalization(GroupNormNode node, string x)
    {
        var shape = node.Shape;
        var y = graph.Op(
            "InstanceNormalization",
            [
                graph.Reshaped(x, 0, node.Groups, -1),
                graph.Numbers(FormattableString.Invariant($"{node.Groups} ones"), Enumerable.Repeat(1.0, node.Groups)),
                graph.Numbers(FormattableString.Invariant($"{node.Groups} zeros"), Enumerable.Repeat(0.0, node.Groups)),
            ],
            OnnxAttribute.Of("epsilon", (float)node.Epsilon));
        y = graph.Product(graph.Reshaped(y, 0, shape.Channels, shape.Height, shape.Width), OfChannels(node.Factors.Weight));
        y = graph.Sum(y, OfChannels(node.Factors.Bias));
        return node.Activates ? graph.Silu(y) : y;
    }

    /// <summary>A matrix that vectors [N, C], or pixels [N, H W, C], are multiplied by, and a bias.</summary>
    public string Linear(LinearNode node, string x)
    {
        var (matrix, bias) = (node.Matrix.Weight, Weight(node.Matrix.Bias));
        return node.Shape.Kind == ValueKind.Vector
            ? graph.Op("Gemm", [x, Weight(matrix), bias], OnnxAttribute.Of("transB", 1))
            : graph.Sum(graph.Op("MatMul", [x, Transposed(matrix)]), bias);
    }

    /// <summary>softmax(Q K^T / sqrt(d)) V for each head of each image (Vaswani et al. 2017, eq. 1), all [N, H W, C].</summary>
    public string Attention(AttentionNode node, string queries, string keys, string values)
    {
        var (pixels, channels) = ((long)node.Shape.Height * node.Shape.Width, node.Shape.Channels);
        var head = channels / node.Heads;
        string Heads(string x, params long[] order) => graph.Transposed(graph.Reshaped(x, 0, pixels, node.Heads, head), order);
        var scaled = graph.Product(queries, graph.Number(1 / Math.Sqrt(head)));
        var scores = graph.Op("MatMul", [Heads(scaled, 0, 2, 1, 3), Heads(keys, 0, 2, 3, 1)]);
        var attended = graph.Op("MatMul", [graph.Op("Softmax", [scores], OnnxAttribute.Of("axis", -1)), Heads(values, 0, 2, 1, 3)]);
        return graph.Reshaped(graph.Transposed(attended, 0, 2, 1, 3), 0, pixels, channels);
    }

    /// <summary>Repeats each pixel to 2x2.</summary>
    public string Repeated(string x) => graph.Op(
        "Resize",
        [x, "", graph.Numbers("twice", [1, 1, 2, 2])],
        OnnxAttribute.Of("mode", "nearest"),
        OnnxAttribute.Of("coordinate_transformation_mode", "asymmetric"),
        OnnxAttribute.Of("nearest_mode", "floor"));

    private string Weight(PlanWeight weight) => Weight(weight, weight.Sides);

    // Of each channel of an image.
    private string OfChannels(PlanWeight weight) => Weight(weight, [weight.Count, 1, 1]);

    private string Weight(PlanWeight weight, long[] shape) => graph.Weights(weight.Name, shape, () => weights()[weight]);

    private string Transposed(PlanWeight matrix)
    {
        var (rows, columns) = (matrix.Shape[0], matrix.Shape[1]);
        return graph.Weights($"{matrix.Name} transposed", [columns, rows], () =>
        {
            var values = weights()[matrix];
            var transposed = new float[values.Length];
            for (var i = 0; i < values.Length; i++)
            {
                var (row, column) = Math.DivRem(i, columns);
                transposed[(column * rows) + row] = values[i];
            }

            return transposed;
        });
    }
}
