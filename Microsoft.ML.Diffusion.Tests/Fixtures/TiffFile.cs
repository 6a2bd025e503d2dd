using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Bytes of TIFF files (TIFF 6.0), put together by hand: as many pages as are added, in either byte order.</summary>
internal sealed class TiffFile(bool isLittle = true)
{
    private const int ImageWidth = 256;
    private const int ImageLength = 257;
    private const int BitsPerSample = 258;
    private const int StripOffsets = 273;
    private const int RowsPerStrip = 278;
    private const int StripByteCounts = 279;

    private readonly List<byte> _bytes = [.. isLittle ? "II*\0"u8 : "MM\0*"u8, 0, 0, 0, 0];
    private int _pointer = 4; // where the place of the next page's tags is written

    /// <summary>Bytes of a whole file of one page.</summary>
    public static byte[] Of(int width, int height, int bits, byte[] pixels, bool isLittle = true, params (int Tag, int[] Values)[] tags) =>
        new TiffFile(isLittle).Add(width, height, bits, [pixels], height, tags).ToArray();

    /// <summary>Adds a page.</summary>
    /// <param name="width">The width.</param>
    /// <param name="height">The height.</param>
    /// <param name="bits">Bits a sample.</param>
    /// <param name="strips">The strips as they are stored.</param>
    /// <param name="rowsPerStrip">Rows of each but the last.</param>
    /// <param name="tags">Other tags of SHORT numbers; of the same number, they take the place of those that are written otherwise.</param>
    public TiffFile Add(int width, int height, int bits, byte[][] strips, int rowsPerStrip, params (int Tag, int[] Values)[] tags)
    {
        List<int> offsets = [];
        foreach (var strip in strips)
        {
            offsets.Add(_bytes.Count);
            _bytes.AddRange(strip);
            Align();
        }

        SortedDictionary<int, (int Type, int[] Values)> all = new()
        {
            [ImageWidth] = (3, [width]),
            [ImageLength] = (4, [height]),
            [BitsPerSample] = (3, [bits]),
            [StripOffsets] = (4, [.. offsets]),
            [RowsPerStrip] = (3, [rowsPerStrip]),
            [StripByteCounts] = (4, [.. strips.Select(strip => strip.Length)]),
        };
        foreach (var (tag, values) in tags)
        {
            all[tag] = (values.Length == 1 && values[0] > ushort.MaxValue ? 4 : 3, values);
        }

        Write(all);
        return this;
    }

    public byte[] ToArray() => [.. _bytes];

    public byte[] Numbers(int bytes, IEnumerable<long> values) => [.. values.SelectMany(value => Number(bytes, value))];

    public static byte[] Floats(bool isLittle, params float[] values) =>
        [.. values.SelectMany(value => new TiffFile(isLittle).Number(4, BitConverter.SingleToInt32Bits(value)))];

    private void Write(SortedDictionary<int, (int Type, int[] Values)> tags)
    {
        Dictionary<int, int> places = [];
        foreach (var (tag, (type, values)) in tags.Where(one => Size(one.Value.Type) * one.Value.Values.Length > 4))
        {
            places[tag] = _bytes.Count;
            _bytes.AddRange(Numbers(Size(type), values.Select(value => (long)value)));
            Align();
        }

        Number(4, _bytes.Count).CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes)[_pointer..]);
        _bytes.AddRange(Number(2, tags.Count));
        foreach (var (tag, (type, values)) in tags)
        {
            byte[] value = places.TryGetValue(tag, out var place) ? Number(4, place) : Numbers(Size(type), values.Select(value => (long)value));
            _bytes.AddRange([.. Number(2, tag), .. Number(2, type), .. Number(4, values.Length), .. value, .. new byte[4 - value.Length]]);
        }

        _pointer = _bytes.Count;
        _bytes.AddRange(new byte[4]);
    }

    private static int Size(int type) => type == 3 ? 2 : 4;

    private void Align() => _bytes.AddRange(new byte[_bytes.Count % 2]);

    private byte[] Number(int bytes, long value)
    {
        var number = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        return isLittle ? number[..bytes] : [.. number[..bytes].Reverse()];
    }
}
