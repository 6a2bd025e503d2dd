using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The chunks of a PNG file (ISO/IEC 15948), in their order.</summary>
internal ref struct PngChunks(ReadOnlySpan<byte> file)
{
    private ReadOnlySpan<byte> _rest = file[Math.Min(file.Length, 8)..];

    public ReadOnlySpan<byte> Name { get; private set; }

    public ReadOnlySpan<byte> Content { get; private set; }

    private uint Check { get; set; }

    /// <summary>Goes to the next chunk that is there to its end.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(_rest) is var length && length > _rest.Length - 12)
        {
            return false;
        }

        Name = _rest.Slice(4, 4);
        Content = _rest.Slice(8, (int)length);
        Check = BinaryPrimitives.ReadUInt32BigEndian(_rest[(8 + (int)length)..]);
        _rest = _rest[(12 + (int)length)..];
        return true;
    }

    /// <summary>Whether the chunk has the cyclic redundancy check that it names.</summary>
    public readonly bool IsWhole() => Crc32.Of(Name, Content) == Check;

    public static int Orientation(ReadOnlySpan<byte> file)
    {
        var chunks = new PngChunks(file);
        while (chunks.MoveNext())
        {
            if (chunks.Name.SequenceEqual("eXIf"u8))
            {
                return ExifOrientation.Of(chunks.Content);
            }
        }

        return ExifOrientation.Upright;
    }
}
