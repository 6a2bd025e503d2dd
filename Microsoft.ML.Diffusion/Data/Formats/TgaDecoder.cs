using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>TGA files (Truevision, 1991): greys, colours and colour maps, packed or not.</summary>
internal static class TgaDecoder
{
    public static ByteImage Decode(ImageBytes file, TgaHeader header, int maximumPixels)
    {
        var (width, height) = (header.Width, header.Height);
        Damage.CheckSize(width, height, maximumPixels, "TGA");
        var bytes = file.All();
        var map = header.IsIndexed ? Map(bytes, header) : [];
        var pixels = new byte[4 * width * height];
        var targets = MemoryMarshal.Cast<byte, uint>(pixels.AsSpan());
        var (position, packet, isRun) = (header.PixelsAt, 0, false);
        for (var i = 0; i < width * height; i++)
        {
            if (header.IsPacked && packet == 0)
            {
                (packet, isRun) = ((At(bytes, position) & 0x7F) + 1, bytes[position] > 0x7F);
                position++;
            }

            var (y, x) = Math.DivRem(i, width);
            var target = ((header.IsFromTop ? y : height - 1 - y) * width) + (header.IsFromRight ? width - 1 - x : x);
            targets[target] = Pixel(bytes, position, header, map);
            packet--;
            position += header.IsPacked && isRun && packet > 0 ? 0 : header.PixelBytes;
        }

        return new ByteImage(width, height, ExifOrientation.Upright, pixels);
    }

    private static uint[] Map(byte[] file, TgaHeader header)
    {
        var map = new uint[header.Colors];
        for (var i = 0; i < map.Length; i++)
        {
            map[i] = Color(file, header.ColorsAt + (i * ((header.ColorBits + 7) / 8)), header.ColorBits, header.AlphaBits);
        }

        return map;
    }

    private static uint Pixel(byte[] file, int position, TgaHeader header, uint[] map)
    {
        var last = At(file, position + header.PixelBytes - 1);
        return header.IsGrey ? Rgba(last, last, last)
            : header.IsIndexed ? map[last - header.FirstColor]
            : Color(file, position, header.PixelBits, header.AlphaBits);
    }

    // Blue comes first; 16 bits are five of each colour under one of alpha.
    private static uint Color(byte[] file, int position, int bits, int alphaBits)
    {
        At(file, position + ((bits + 7) / 8) - 1);
        if (bits > 16)
        {
            var alpha = bits == 32 && alphaBits == 8 ? file[position + 3] : byte.MaxValue;
            return Rgba(file[position + 2], file[position + 1], file[position], alpha);
        }

        var value = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(position));
        var isClear = bits == 16 && alphaBits == 1 && value < 0x8000;
        return Rgba(Five(value >> 10), Five(value >> 5), Five(value), isClear ? (byte)0 : byte.MaxValue);
    }

    private static byte Five(int value) => (byte)((((value & 31) * 255) + 15) / 31);

    // As it lies in memory.
    private static uint Rgba(byte red, byte green, byte blue, byte alpha = byte.MaxValue)
    {
        var bytes = (ReadOnlySpan<byte>)[red, green, blue, alpha];
        return MemoryMarshal.Read<uint>(bytes);
    }

    private static byte At(byte[] file, int position) => position < file.Length ? file[position] : throw new EndOfStreamException();
}
