using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>The end of a zip file, read before <see cref="System.IO.Compression.ZipArchive"/> takes memory for what it lists.</summary>
internal static class ZipDirectory
{
    /// <summary>The most entries of a model: ML.NET writes a handful for each step of a pipeline.</summary>
    public const int MaximumEntries = 4096;

    private const int MaximumBytes = 4 << 20;
    private const int EndBytes = 22;
    private const int LocatorBytes = 20;
    private const int LargeEndBytes = 56;
    private const uint EndSignature = 0x06054b50;
    private const uint LocatorSignature = 0x07064b50;
    private const uint LargeEndSignature = 0x06064b50;

    /// <summary>Checks that the list of entries is small and ends where the file does; nothing may follow it, not even a comment.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static void Check(Stream stream)
    {
        var end = stream.Length - EndBytes;
        if (end < 0
            || Read(stream, end, EndBytes) is not { } record
            || Signature(record) != EndSignature
            || record[20] != 0
            || record[21] != 0)
        {
            throw new FormatException("it is no zip file, is cut short, or has bytes after its end.");
        }

        var (count, bytes, start) = ((long)UInt16(record, 10), (long)UInt32(record, 12), (long)UInt32(record, 16));
        var listEnd = end;
        if (end >= LocatorBytes && Read(stream, end - LocatorBytes, LocatorBytes) is { } locator && Signature(locator) == LocatorSignature)
        {
            listEnd = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
            if (listEnd < 0
                || listEnd > end - LocatorBytes - LargeEndBytes
                || Read(stream, listEnd, LargeEndBytes) is not { } large
                || Signature(large) != LargeEndSignature)
            {
                throw new FormatException("the end of the zip is damaged.");
            }

            (count, bytes, start) = (
                BinaryPrimitives.ReadInt64LittleEndian(large.AsSpan(32)),
                BinaryPrimitives.ReadInt64LittleEndian(large.AsSpan(40)),
                BinaryPrimitives.ReadInt64LittleEndian(large.AsSpan(48)));
        }

        if (count is < 0 or > MaximumEntries || bytes is < 0 or > MaximumBytes)
        {
            throw new FormatException(
                $"it lists {count} entries in {bytes} bytes, above the limits of {MaximumEntries} and {MaximumBytes}.");
        }

        if (start < 0 || start != listEnd - bytes)
        {
            throw new FormatException("its list of entries is not where its end says.");
        }
    }

    private static byte[] Read(Stream stream, long position, int count)
    {
        var bytes = new byte[count];
        stream.Position = position;
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static uint Signature(byte[] record) => UInt32(record, 0);

    private static uint UInt32(byte[] record, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(offset));

    private static ushort UInt16(byte[] record, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(offset));
}
