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
        var (count, isWide) = (width * height * channels, white > byte.MaxValue);
        var values = kind switch
        {
            1 or 2 or 3 => Plain(file.All(), header.Position, count, format, kind == 1, isWide),
            4 => Bits(file, header.Position + 1, width, height),
            _ => file.Read(header.Position + 1, isWide ? 2 * count : count),
        };
        return isWide
            ? new DeepImage((int)width, (int)height, ExifOrientation.Upright, channels, Wide(values), null, false, 0, white)
            : new ByteImage((int)width, (int)height, ExifOrientation.Upright, Pixels(values, channels, (int)white, kind is 1 or 4));
    }

    // As the raw files have them.
    private static byte[] Plain(byte[] file, int position, long count, string format, bool isBits, bool isWide)
    {
        if (count > file.Length)
        {
            throw new EndOfStreamException(); // before memory is asked for: each value has a digit
        }

        var tokens = new PnmTokens(file, position, format);
        var values = new byte[isWide ? 2 * count : count];
        for (var i = 0; i < values.Length; i++)
        {
            var value = isBits ? tokens.NextBit() : tokens.Next();
            if (isWide)
            {
                values[i++] = (byte)(Math.Min(value, ushort.MaxValue) >> 8);
            }

            values[i] = (byte)(isWide ? Math.Min(value, ushort.MaxValue) : Math.Min(value, byte.MaxValue));
        }

        return values;
    }

    // Rows begin at whole bytes, the leftmost pixel in the highest bit.
    private static byte[] Bits(ImageBytes file, int position, long width, long height)
    {
        var stride = (width + 7) / 8;
        var bytes = file.Read(position, stride * height);
        var values = new byte[width * height];
        for (long i = 0; i < values.Length; i++)
        {
            var (y, x) = Math.DivRem(i, width);
            values[i] = (byte)((bytes[(y * stride) + (x / 8)] >> (int)(7 - (x % 8))) & 1);
        }

        return values;
    }

    private static float[] Wide(byte[] values)
    {
        var numbers = new float[values.Length / 2];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadUInt16BigEndian(values.AsSpan(2 * i));
        }

        return numbers;
    }

    private static byte[] Pixels(byte[] values, int channels, int white, bool isBlackOne)
    {
        var levels = new byte[256];
        for (var i = 0; i < levels.Length; i++)
        {
            var value = Math.Min(i, white);
            levels[i] = (byte)(((255 * (isBlackOne ? white - value : value)) + (white / 2)) / white);
        }

        var pixels = new byte[4 * (values.Length / channels)];
        for (var (pixel, from) = (0, 0); pixel < pixels.Length; pixel += 4, from += channels)
        {
            pixels[pixel] = levels[values[from]];
            pixels[pixel + 1] = channels == 1 ? pixels[pixel] : levels[values[from + 1]];
            pixels[pixel + 2] = channels == 1 ? pixels[pixel] : levels[values[from + 2]];
            pixels[pixel + 3] = byte.MaxValue;
        }

        return pixels;
    }
}
