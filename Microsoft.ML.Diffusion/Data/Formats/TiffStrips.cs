using System.Buffers.Binary;
using System.IO.Compression;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The bytes of a strip of a TIFF file, unpacked and without a predictor.</summary>
internal static class TiffStrips
{
    private const int MaximumExpansion = 2048; // of LZW: a code of 12 bits for up to 3,840 bytes; of the others less

    /// <summary>Reads a strip.</summary>
    /// <exception cref="EndOfStreamException">There are fewer bytes than rows need.</exception>
    public static byte[] Read(ImageBytes file, TiffLayout layout, int strip, int rows)
    {
        var count = rows * layout.RowBytes;
        var isPlain = layout.Compression == 1;
        var packed = file.Read(layout.StripOffsets[strip], isPlain ? count : layout.StripLengths[strip]);
        if (!isPlain && count > (long)MaximumExpansion * packed.Length)
        {
            throw new EndOfStreamException(); // before memory is asked for
        }

        var bytes = isPlain ? packed : Unpack(packed, layout.Compression, count);
        for (var row = 0; row < rows && layout.Predictor != 1; row++)
        {
            Predict(bytes.AsSpan(row * layout.RowBytes, layout.RowBytes), layout);
        }

        return bytes;
    }

    private static byte[] Unpack(byte[] packed, long compression, int count)
    {
        var bytes = new byte[count];
        switch (compression)
        {
            case 5:
                TiffLzw.Unpack(packed, bytes);
                break;
            case 32773:
                UnpackBits(packed, bytes);
                break;
            default:
                Inflate(packed, bytes);
                break;
        }

        return bytes;
    }

    private static void Inflate(byte[] packed, byte[] bytes)
    {
        try
        {
            using var inflated = new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress);
            inflated.ReadExactly(bytes);
        }
        catch (Exception exception) when (Damage.IsOfDeflate(exception))
        {
            throw Damage.In(TiffDirectory.Format);
        }
    }

    // TIFF 6.0, section 9.
    private static void UnpackBits(ReadOnlySpan<byte> packed, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (packed.Length < 2)
            {
                throw new EndOfStreamException();
            }

            var kind = (sbyte)packed[0];
            var length = Math.Min(bytes.Length, Math.Abs((int)kind) + 1);
            if (kind >= 0)
            {
                packed.Slice(1, Math.Min(length, packed.Length - 1)).CopyTo(bytes);
                length = Math.Min(length, packed.Length - 1);
                packed = packed[(1 + length)..];
                bytes = bytes[length..];
            }
            else if (kind != sbyte.MinValue)
            {
                bytes[..length].Fill(packed[1]);
                packed = packed[2..];
                bytes = bytes[length..];
            }
            else
            {
                packed = packed[1..];
            }
        }
    }

    private static void Predict(Span<byte> row, TiffLayout layout)
    {
        var step = layout.IsPlanar ? 1 : layout.Samples;
        if (layout.Predictor == 3)
        {
            PredictFloats(row, step, layout.Bits / 8, layout.IsLittle);
            return;
        }

        // TIFF 6.0, section 14: each number is stored as its difference to that of the pixel before.
        var bytes = layout.Bits / 8;
        for (var i = step * bytes; i < row.Length; i += bytes)
        {
            var number = row.Slice(i, bytes);
            var before = row.Slice(i - (step * bytes), bytes);
            switch (bytes)
            {
                case 1:
                    number[0] += before[0];
                    break;
                case 2 when layout.IsLittle:
                    BinaryPrimitives.WriteUInt16LittleEndian(
                        number,
                        (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(number) + BinaryPrimitives.ReadUInt16LittleEndian(before)));
                    break;
                case 2:
                    BinaryPrimitives.WriteUInt16BigEndian(
                        number,
                        (ushort)(BinaryPrimitives.ReadUInt16BigEndian(number) + BinaryPrimitives.ReadUInt16BigEndian(before)));
                    break;
                default:
                    Add(number, before, layout.IsLittle);
                    break;
            }
        }
    }

    private static void Add(Span<byte> number, ReadOnlySpan<byte> before, bool isLittle)
    {
        for (var (i, carry) = (0, 0); i < number.Length; i++)
        {
            var at = isLittle ? i : number.Length - 1 - i;
            carry += number[at] + before[at];
            number[at] = (byte)carry;
            carry >>= 8;
        }
    }

    // Adobe's technical note 3: a row's first bytes of all numbers, highest first, then the second ones, each as a difference.
    private static void PredictFloats(Span<byte> row, int step, int bytes, bool isLittle)
    {
        for (var i = step; i < row.Length; i++)
        {
            row[i] += row[i - step];
        }

        var (planes, count) = (row.ToArray(), row.Length / bytes);
        for (var i = 0; i < row.Length; i++)
        {
            var (number, place) = Math.DivRem(i, bytes);
            row[i] = planes[((isLittle ? bytes - 1 - place : place) * count) + number];
        }
    }
}
