using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Bytes of picture files, the unusual ones put together by hand.</summary>
internal static class PictureFiles
{
    /// <summary>A picture of bars in a format that SkiaSharp writes.</summary>
    public static byte[] Encode(
        SKEncodedImageFormat format = SKEncodedImageFormat.Png,
        int number = 0,
        int width = Pictures.Side,
        int height = Pictures.Side,
        bool coloured = true)
    {
        using var image = Pictures.Bars(number, width, height, coloured);
        return Encode(format, width, height, image.Pixels.ToArray());
    }

    /// <summary>Straight (not premultiplied) red, green, blue and alpha of each pixel in a format that SkiaSharp writes, without loss where it can.</summary>
    public static byte[] Encode(SKEncodedImageFormat format, int width, int height, byte[] rgba)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        using var pixmap = bitmap.PeekPixels();
        using var data = format == SKEncodedImageFormat.Webp
            ? pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 50))
            : pixmap.Encode(format, 95);
        return data.ToArray();
    }

    /// <summary>A PNG file (ISO/IEC 15948) of rows that begin with their filter.</summary>
    /// <param name="width">As the header says.</param>
    /// <param name="height">As the header says.</param>
    /// <param name="bitDepth">1, 2, 4, 8 or 16.</param>
    /// <param name="colorType">0 grey, 2 red, green, blue, 6 with alpha.</param>
    /// <param name="rows">What is compressed.</param>
    public static byte[] Png(int width, int height, byte bitDepth, byte colorType, byte[] rows)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (bitDepth, colorType);
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        return [0x89, .. "PNG\r\n"u8, 0x1A, 0x0A, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, compressed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    /// <summary>A BMP file of one pixel.</summary>
    public static byte[] Bmp(byte red, byte green, byte blue) =>
        [.. "BM"u8, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0, .. new byte[24], blue, green, red, 0];

    /// <summary>A GIF file of two frames of 2x2 pixels, the first red and the second green.</summary>
    public static byte[] AnimatedGif()
    {
        byte[] Frame(byte color) =>
        [
            0x21, 0xF9, 4, 0, 10, 0, 0, 0, // graphic control: shown for 0.1 s
            0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0,
            2, 3, .. Lzw(color), 0,
        ];

        return [.. "GIF89a"u8, 2, 0, 2, 0, 0x80, 0, 0, 255, 0, 0, 0, 255, 0, .. Frame(0), .. Frame(1), 0x3B];
    }

    /// <summary>A WebP file of two frames of 8x8 pixels (its container specification), each from a file of one frame.</summary>
    public static byte[] AnimatedWebP()
    {
        byte[] Frame(int number) =>
            RiffChunk("ANMF"u8, [0, 0, 0, 0, 0, 0, 7, 0, 0, 7, 0, 0, 100, 0, 0, 0, .. Encode(SKEncodedImageFormat.Webp, number)[12..]]);

        byte[] body =
            [.. "WEBP"u8, .. RiffChunk("VP8X"u8, [2, 0, 0, 0, 7, 0, 0, 7, 0, 0]), .. RiffChunk("ANIM"u8, [0, 0, 0, 0, 0, 0]), .. Frame(0), .. Frame(1)];
        return RiffChunk("RIFF"u8, body);
    }

    /// <summary>A JPEG file of 8x8 pixels of one colour, by inverted cyan, magenta, yellow and black as Adobe's programs write them.</summary>
    /// <param name="inverted">Cyan, magenta, yellow and black; 255 is no ink.</param>
    public static byte[] CmykJpeg(params int[] inverted)
    {
        // One block for each component: the size of its DC coefficient as a code of four bits, its bits, and the end of the block.
        var bits = string.Concat(inverted.Select(level => DcBits(level - 128) + "0"));
        var padded = bits.PadRight((bits.Length + 7) / 8 * 8, '1');
        var scan =
            Enumerable.Range(0, padded.Length / 8)
                .Select(i => Convert.ToByte(padded.Substring(8 * i, 8), 2))
                .SelectMany(value => value == 255 ? new byte[] { 255, 0 } : [value]);
        return
        [
            0xFF, 0xD8,
            .. Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0]), // transform 0: CMYK as it is
            .. Segment(0xDB, [0, .. Enumerable.Repeat((byte)1, 64)]),
            .. Segment(0xC0, [8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0]),
            .. Segment(0xC4, [0x00, 0, 0, 0, 12, .. new byte[12], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
            .. Segment(0xC4, [0x10, 1, .. new byte[15], 0]),
            .. Segment(0xDA, [4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]),
            .. scan,
            0xFF, 0xD9,
        ];
    }

    /// <summary>Puts a segment into a JPEG file, before all others.</summary>
    public static byte[] WithSegment(byte[] jpeg, byte marker, byte[] content) => [.. jpeg[..2], .. Segment(marker, content), .. jpeg[2..]];

    /// <summary>Puts a chunk into a PNG file, after its header.</summary>
    public static byte[] WithChunk(byte[] png, ReadOnlySpan<byte> name, byte[] content) => [.. png[..33], .. Chunk(name, content), .. png[33..]];

    /// <summary>Puts EXIF data into a WebP file of one frame.</summary>
    public static byte[] WithRiffChunk(byte[] webP, int width, int height, byte[] exif)
    {
        byte[] canvas = [0b1000, 0, 0, 0, (byte)(width - 1), 0, 0, (byte)(height - 1), 0, 0];
        return RiffChunk("RIFF"u8, [.. "WEBP"u8, .. RiffChunk("VP8X"u8, canvas), .. webP[12..], .. RiffChunk("EXIF"u8, exif)]);
    }

    /// <summary>A BMP file of 32 bits a pixel, lowest row first, in which alpha is what is given.</summary>
    public static byte[] Bmp32(int width, int height, byte[] bgra) =>
    [
        .. "BM"u8, .. BitConverter.GetBytes(54 + bgra.Length), 0, 0, 0, 0, 54, 0, 0, 0,
        40, 0, 0, 0, .. BitConverter.GetBytes(width), .. BitConverter.GetBytes(height), 1, 0, 32, 0, .. new byte[24], .. bgra,
    ];

    /// <summary>The same JPEG file with its last scan repeated, as progressive files may refine what they hold.</summary>
    public static byte[] WithScans(byte[] progressive, int scans)
    {
        var last = progressive.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        var scan = progressive[last..^2];
        return [.. progressive[..^2], .. Enumerable.Repeat(scan, scans).SelectMany(bytes => bytes), 0xFF, 0xD9];
    }

    /// <summary>Puts an EXIF orientation into a JPEG file.</summary>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation) =>
        [.. jpeg[..2], .. Segment(
            0xE1,
            [.. "Exif"u8, 0, 0, .. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]), .. jpeg[2..]];

    // A DC coefficient is 8 times the mean, with quantization by 1, and told as its difference to the last block, of which there is none.
    private static string DcBits(int level)
    {
        var coefficient = 8 * level;
        var size = coefficient == 0 ? 0 : (int)Math.Log2(Math.Abs(coefficient)) + 1;
        var value = coefficient < 0 ? coefficient + (1 << size) - 1 : coefficient;
        return Convert.ToString(size, 2).PadLeft(4, '0') + (size == 0 ? "" : Convert.ToString(value, 2).PadLeft(size, '0'));
    }

    // Codes of 3 bits, lowest bits first: clear (4), four times the colour with a clear after each two so that codes stay short, end (5).
    private static byte[] Lzw(byte color)
    {
        int[] codes = [4, color, color, 4, color, color, 5];
        var packed = 0;
        for (var i = 0; i < codes.Length; i++)
        {
            packed |= codes[i] << (3 * i);
        }

        return [(byte)packed, (byte)(packed >> 8), (byte)(packed >> 16)];
    }

    private static byte[] Segment(byte marker, byte[] content) =>
        [0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2), .. content];

    private static byte[] RiffChunk(ReadOnlySpan<byte> name, byte[] content)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, content.Length);
        return [.. name, .. length, .. content, .. new byte[content.Length % 2]];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> name, byte[] content)
    {
        byte[] named = [.. name, .. content];
        var (length, check) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(check, Crc(named));
        return [.. length, .. named, .. check];
    }

    // CRC-32 as in annex D of the PNG specification.
    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var k = 0; k < 8; k++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : 0xEDB88320 ^ (crc >> 1);
            }
        }

        return ~crc;
    }
}
