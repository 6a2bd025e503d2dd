using System.Text;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>A message of protocol buffers that knows its length before it is written, so that weights go from their buffer to the file.</summary>
internal sealed class ProtobufMessage
{
    private const int VarintType = 0, LengthDelimitedType = 2, SingleType = 5;

    private readonly List<Action<Stream>> _parts = [];

    /// <summary>The bytes of all fields.</summary>
    public long Length { get; private set; }

    /// <summary>Writes the fields.</summary>
    public void WriteTo(Stream stream)
    {
        foreach (var part in _parts)
        {
            part(stream);
        }
    }

    /// <summary>Adds a whole number.</summary>
    public ProtobufMessage Add(int field, long value) => Varint(field, VarintType).Bytes(VarintOf((ulong)value));

    /// <summary>Adds a number of single precision.</summary>
    public ProtobufMessage Add(int field, float value)
    {
        var bytes = new byte[sizeof(float)];
        System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return Varint(field, SingleType).Bytes(bytes);
    }

    /// <summary>Adds a text.</summary>
    public ProtobufMessage Add(int field, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Add(field, bytes.Length, stream => stream.Write(bytes));
    }

    /// <summary>Adds a message, to which nothing is added any more.</summary>
    public ProtobufMessage Add(int field, ProtobufMessage message) => Add(field, message.Length, message.WriteTo);

    /// <summary>Adds messages, one after another.</summary>
    public ProtobufMessage Add(int field, IEnumerable<ProtobufMessage> messages)
    {
        foreach (var message in messages)
        {
            Add(field, message);
        }

        return this;
    }

    /// <summary>Adds bytes that are made when they are written.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="length">How many there will be.</param>
    /// <param name="write">Writes them.</param>
    public ProtobufMessage Add(int field, long length, Action<Stream> write)
    {
        Varint(field, LengthDelimitedType).Bytes(VarintOf((ulong)length));
        _parts.Add(write);
        Length += length;
        return this;
    }

    private ProtobufMessage Varint(int field, int type) => Bytes(VarintOf((ulong)((field << 3) | type)));

    private ProtobufMessage Bytes(byte[] bytes)
    {
        _parts.Add(stream => stream.Write(bytes));
        Length += bytes.Length;
        return this;
    }

    // Seven bits a byte, the lowest first; the highest bit of a byte says that another follows.
    private static byte[] VarintOf(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}
