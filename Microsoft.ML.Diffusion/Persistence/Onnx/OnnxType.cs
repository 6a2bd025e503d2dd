namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Types of a tensor's numbers, as onnx.proto counts them.</summary>
internal enum OnnxType
{
    Float = 1,
    Int64 = 7,
    Bool = 9,
}

/// <summary>A dimension of a tensor: a number, or a name for one that is known when the graph is run; of neither, nothing is said.</summary>
internal readonly record struct OnnxDimension(long? Length, string? Name = null)
{
    /// <summary>That of the images of a batch.</summary>
    public static OnnxDimension Batch { get; } = new(null, "batch_size");

    public static implicit operator OnnxDimension(long length) => new(length);
}

/// <summary>A setting of an operation (AttributeProto).</summary>
internal static class OnnxAttribute
{
    private const int Name = 1, Type = 20;

    public static ProtobufMessage Of(string name, float value) => new ProtobufMessage().Add(Name, name).Add(2, value).Add(Type, 1);

    public static ProtobufMessage Of(string name, long value) => new ProtobufMessage().Add(Name, name).Add(3, value).Add(Type, 2);

    public static ProtobufMessage Of(string name, string value) => new ProtobufMessage().Add(Name, name).Add(4, value).Add(Type, 3);

    public static ProtobufMessage Of(string name, OnnxGraph value) =>
        new ProtobufMessage().Add(Name, name).Add(6, value.ToMessage()).Add(Type, 5);

    public static ProtobufMessage Of(string name, IEnumerable<long> values)
    {
        var message = new ProtobufMessage().Add(Name, name);
        foreach (var value in values)
        {
            message.Add(8, value);
        }

        return message.Add(Type, 7);
    }
}
