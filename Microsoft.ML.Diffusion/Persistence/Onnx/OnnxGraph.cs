using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Gives the numbers of a tensor, when the file is written.</summary>
internal delegate ReadOnlySpan<float> TensorNumbers();

/// <summary>A graph (GraphProto) that is written node by node. Values are known by their names, which begin with the graph's.</summary>
/// <param name="name">The graph's name, which no graph inside or around it has.</param>
internal sealed class OnnxGraph(string name)
{
    private readonly List<ProtobufMessage> _nodes = [];
    private readonly List<ProtobufMessage> _tensors = [];
    private readonly List<ProtobufMessage> _inputs = [];
    private readonly List<ProtobufMessage> _outputs = [];
    private readonly HashSet<string> _constants = [];

    /// <summary>A name that no other graph has.</summary>
    public string NameOf(string value) => $"{name}/{value}";

    /// <summary>Names what the graph is given.</summary>
    public string Input(string value, OnnxType type, params ReadOnlySpan<OnnxDimension> shape)
    {
        _inputs.Add(Described(value, type, shape));
        return value;
    }

    /// <summary>Gives a value to whoever runs the graph.</summary>
    /// <param name="value">The value.</param>
    /// <param name="output">Its name outside.</param>
    /// <param name="type">Its type.</param>
    /// <param name="shape">Its shape.</param>
    public void Output(string value, string output, OnnxType type, params ReadOnlySpan<OnnxDimension> shape)
    {
        Add("Identity", [value], [output], []);
        _outputs.Add(Described(output, type, shape));
    }

    /// <summary>Adds an operation of one result.</summary>
    /// <param name="operation">What ONNX calls it.</param>
    /// <param name="inputs">The values that it reads; an empty name is none.</param>
    /// <param name="attributes">Its settings.</param>
    /// <returns>The result.</returns>
    public string Op(string operation, string[] inputs, params ProtobufMessage[] attributes) => Ops(operation, inputs, 1, attributes)[0];

    /// <summary>Adds an operation of several results.</summary>
    public string[] Ops(string operation, string[] inputs, int results, params ProtobufMessage[] attributes)
    {
        string[] outputs = [.. Enumerable.Range(0, results).Select(i =>
            string.Create(CultureInfo.InvariantCulture, $"{name}/{operation}_{_nodes.Count}{(results == 1 ? "" : $"_{i}")}"))];
        Add(operation, inputs, outputs, attributes);
        return outputs;
    }

    /// <summary>A list of whole numbers.</summary>
    public string Integers(params long[] values) =>
        Constant(Text("int64", values), OnnxType.Int64, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()));

    /// <summary>A whole number without dimensions.</summary>
    public string Integer(long value) =>
        Constant(Text("one int64", value), OnnxType.Int64, [], MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in value)));

    /// <summary>A number without dimensions, rounded once.</summary>
    public string Number(double value)
    {
        var single = (float)value;
        return Constant(Text("one float", single), OnnxType.Float, [], MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in single)));
    }

    /// <summary>A list of numbers, each rounded once.</summary>
    /// <param name="list">The name of the list, which the graph has once.</param>
    /// <param name="values">The numbers.</param>
    public string Numbers(string list, IEnumerable<double> values)
    {
        float[] singles = [.. values.Select(value => (float)value)];
        return Constant(list, OnnxType.Float, [singles.Length], MemoryMarshal.AsBytes(singles.AsSpan()));
    }

    /// <summary>A list of truth values; the list's name is as of <see cref="Numbers"/>.</summary>
    public string Choices(string list, IEnumerable<bool> values)
    {
        byte[] bytes = [.. values.Select(value => value ? (byte)1 : (byte)0)];
        return Constant(list, OnnxType.Bool, [bytes.Length], bytes);
    }

    /// <summary>Numbers that are read when the file is written.</summary>
    /// <param name="tensor">The name, which the graph has once.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="read">Gives the numbers.</param>
    public string Weights(string tensor, IEnumerable<long> shape, TensorNumbers read)
    {
        long[] sides = [.. shape];
        return Constant(
            tensor,
            OnnxType.Float,
            sides,
            sizeof(float) * sides.Aggregate(1L, (product, side) => product * side),
            stream => NumberBytes.Read(read(), stream.Write));
    }

    /// <summary>The graph, to which nothing is added any more.</summary>
    public ProtobufMessage ToMessage() =>
        new ProtobufMessage().Add(1, _nodes).Add(2, name).Add(5, _tensors).Add(11, _inputs).Add(12, _outputs);

    // What a constant is known by: equal ones are one.
    private static string Text<T>(string kind, params T[] values)
        where T : IFormattable =>
        $"{kind} {string.Join(' ', values.Select(value => value.ToString(null, CultureInfo.InvariantCulture)))}";

    private string Constant(string constant, OnnxType type, long[] shape, ReadOnlySpan<byte> values)
    {
        var bytes = values.ToArray();
        return Constant(constant, type, shape, bytes.Length, stream => stream.Write(bytes));
    }

    // TensorProto.
    private string Constant(string constant, OnnxType type, long[] shape, long length, Action<Stream> write)
    {
        constant = NameOf(constant);
        if (_constants.Add(constant))
        {
            var message = new ProtobufMessage();
            Array.ForEach(shape, side => message.Add(1, side));
            _tensors.Add(message.Add(2, (long)type).Add(8, constant).Add(9, length, write));
        }

        return constant;
    }

    // NodeProto.
    private void Add(string operation, string[] inputs, string[] outputs, ProtobufMessage[] attributes)
    {
        var node = new ProtobufMessage();
        Array.ForEach(inputs, input => node.Add(1, input));
        Array.ForEach(outputs, output => node.Add(2, output));
        _nodes.Add(
            node.Add(3, string.Create(CultureInfo.InvariantCulture, $"{name}/{_nodes.Count}")).Add(4, operation).Add(5, attributes));
    }

    // ValueInfoProto, of a TypeProto, of a TensorShapeProto.
    private static ProtobufMessage Described(string value, OnnxType type, ReadOnlySpan<OnnxDimension> shape)
    {
        var sides = new ProtobufMessage();
        foreach (var (length, name) in shape)
        {
            var side = new ProtobufMessage();
            sides.Add(1, length is { } known ? side.Add(1, known) : name is null ? side : side.Add(2, name));
        }

        var tensor = new ProtobufMessage().Add(1, (long)type).Add(2, sides);
        return new ProtobufMessage().Add(1, value).Add(2, new ProtobufMessage().Add(1, tensor));
    }
}
