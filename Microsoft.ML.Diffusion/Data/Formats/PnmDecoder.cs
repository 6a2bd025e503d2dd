using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>PBM, PGM and PPM files, plain (P1 to P3) and raw (P4 to P6), as netpbm's manual pages define them: the first image.</summary>
internal static class PnmDecoder
{
    private const int HeaderBytes = 4096; // more than any header: comments in it have lines of at most 70 letters

    public static StoredImage Decode(ImageBytes file, string format, int maximumPixels)
    {
        var start = file.Start(HeaderBytes);
        var kind = start[1] - '0';
        var header = new PnmTokens(start, 2, format);
        var (width, height) = (header.Next(), header.Next());
        var white = kind is 1 or 4 ? 1 : header.Next();
        Damage.CheckSize(width, height, maximumPixels, format);
        if (white is < 1 or > ushort.MaxValue)
        {
            throw Damage.In(format);
        }

        var channels = kind is 3 or 6 ? 3 : 1;
        var count = width * height * channels;
        var values = kind switch
        {
            1 => Plain(file.All(), header.Position, count, format, isBits: true),
            2 or 3 => Plain(file.All(), header.Position, count, format, isBits: false),
            4 => Bits(file, header.Position + 1, width, height),
            _ => Raw(file, header.Position + 1, count, isWide: white > byte.MaxValue),
        };
        return white > byte.MaxValue
            ? new DeepImage((int)width, (int)height, 1, channels, Array.ConvertAll(values, value => (float)value), null, false, 0, white)
            : new ByteImage((int)width, (int)height, 1, Pixels(values, channels, (int)white, isBlackOne: kind is 1 or 4));
    }

    private static ushort[] Plain(byte[] file, int position, long count, string format, bool isBits)
    {
        if (count > file.Length)
        {
            throw new EndOfStreamException(); // before memory is asked for: each value has a digit
        }

        var tokens = new PnmTokens(file, position, format);
        var values = new ushort[count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (ushort)(isBits ? tokens.NextBit() : tokens.Next());
        }

        return values;
    }

    // Rows begin at whole bytes, the leftmost pixel in the highest bit.
    private static ushort[] Bits(ImageBytes file, int position, long width, long height)
    {
        var stride = (width + 7) / 8;
        var bytes = file.Read(position, stride * height);
        var values = new ushort[width * height];
        for (long i = 0; i < values.Length; i++)
        {
            var (y, x) = Math.DivRem(i, width);
            values[i] = (ushort)((bytes[(y * stride) + (x / 8)] >> (int)(7 - (x % 8))) & 1);
        }

        return values;
    }

    private static ushort[] Raw(ImageBytes file, int position, long count, bool isWide)
    {
        var bytes = file.Read(position, isWide ? 2 * count : count);
        var values = new ushort[count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = isWide ? BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2 * i)) : bytes[i];
        }

        return values;
    }

    private static byte[] Pixels(ushort[] values, int channels, int white, bool isBlackOne)
    {
        var pixels = new byte[4 * (values.Length / channels)];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (pixel, channel) = (i / 4, i % 4);
            var value = Math.Min(white, channel == 3 ? white : values[(pixel * channels) + (channels == 1 ? 0 : channel)]);
            pixels[i] = (byte)(((255 * (isBlackOne && channel < 3 ? white - value : value)) + (white / 2)) / white);
        }

        return pixels;
    }
}
