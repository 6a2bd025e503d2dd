using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The tags of a page of a TIFF file (TIFF 6.0, section 2).</summary>
internal sealed class TiffDirectory
{
    public const string Format = "TIFF";

    private const int EntryBytes = 12;

    private readonly ImageBytes _file;
    private readonly byte[] _entries;

    public TiffDirectory(ImageBytes file, long offset)
    {
        (_file, IsLittle) = (file, file.Start(1)[0] == 'I');
        var count = UInt16(file.Read(offset, 2));
        _entries = file.Read(offset + 2, (EntryBytes * count) + 4);
        Next = UInt32(_entries.AsSpan(EntryBytes * count));
    }

    public bool IsLittle { get; }

    /// <summary>Bytes of the tags.</summary>
    public int Length => _entries.Length + 2;

    /// <summary>Where the next page's tags are; 0 after the last.</summary>
    public uint Next { get; }

    /// <summary>Where the first page's tags are.</summary>
    public static uint First(ImageBytes file)
    {
        var (isLittle, offset) = (file.Start(1)[0] == 'I', file.Read(4, 4));
        return isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(offset) : BinaryPrimitives.ReadUInt32BigEndian(offset);
    }

    /// <summary>The first whole number of a tag.</summary>
    public long Value(int tag, long absent) => Values(tag, 1, all: false) is [var value, ..] ? value : absent;

    /// <summary>The whole numbers of a tag, empty if it is absent.</summary>
    /// <exception cref="InvalidDataException">There are more than <paramref name="maximum"/>, or they are no whole numbers.</exception>
    public long[] Values(int tag, int maximum, bool all = true)
    {
        for (var at = 0; at + EntryBytes < _entries.Length; at += EntryBytes)
        {
            if (UInt16(_entries.AsSpan(at)) == tag)
            {
                return Values(_entries.AsSpan(at, EntryBytes), maximum, all);
            }
        }

        return [];
    }

    private long[] Values(ReadOnlySpan<byte> entry, int maximum, bool all)
    {
        var (type, total) = (UInt16(entry[2..]), UInt32(entry[4..]));
        var size = type switch { 1 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 13 => 4, _ => throw Damage.In(Format) };
        if (all && total > maximum)
        {
            throw Damage.In(Format);
        }

        var count = (int)Math.Min(total, maximum);
        var bytes = size * (long)total <= 4 ? entry[8..].ToArray() : _file.Read(UInt32(entry[8..]), (long)size * count);
        var values = new long[count];
        for (var i = 0; i < count; i++)
        {
            var value = bytes.AsSpan(i * size);
            values[i] = size switch { 1 => value[0], 2 => UInt16(value), _ => UInt32(value) };
        }

        return values;
    }

    private int UInt16(ReadOnlySpan<byte> bytes) =>
        IsLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private uint UInt32(ReadOnlySpan<byte> bytes) =>
        IsLittle ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
