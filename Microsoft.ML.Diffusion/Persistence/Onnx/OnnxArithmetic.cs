namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Operations of a graph that are written often.</summary>
internal static class OnnxArithmetic
{
    extension(OnnxGraph graph)
    {
        public string Sum(string x, string y) => graph.Op("Add", [x, y]);

        public string Difference(string x, string y) => graph.Op("Sub", [x, y]);

        public string Product(string x, string y) => graph.Op("Mul", [x, y]);

        public string Ratio(string x, string y) => graph.Op("Div", [x, y]);

        /// <summary>Another shape: a 0 keeps the dimension at its place, a -1 is what is left.</summary>
        public string Reshaped(string x, params long[] shape) => graph.Op("Reshape", [x, graph.Integers(shape)]);

        public string Transposed(string x, params long[] order) => graph.Op("Transpose", [x], OnnxAttribute.Of("perm", order));

        /// <summary>More dimensions, of length 1, at some places.</summary>
        public string Expanded(string x, params long[] axes) => graph.Op("Unsqueeze", [x, graph.Integers(axes)]);

        /// <summary>x sigmoid(x).</summary>
        public string Silu(string x) => graph.Product(x, graph.Op("Sigmoid", [x]));

        /// <summary>Images one after another.</summary>
        public string Joined(string x, string y, long axis) => graph.Op("Concat", [x, y], OnnxAttribute.Of("axis", axis));
    }
}
