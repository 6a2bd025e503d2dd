using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>A page of a TIFF file (TIFF 6.0): greys, colours and palettes, of whole and floating-point numbers, in strips.</summary>
internal static class TiffDecoder
{
    public static StoredImage Decode(ImageBytes file, long page, int maximumPixels)
    {
        var layout = new TiffLayout(new TiffDirectory(file, page), maximumPixels);
        var isDeep = layout.Bits > 8 || layout.IsFloat || layout.IsSigned;
        CheckBytes(file, layout);
        var used = layout.AlphaAt < 0 ? layout.Channels : layout.Channels + 1;
        var values = new float[(long)layout.Width * layout.Height * used];
        var planes = layout.IsPlanar ? layout.Samples : 1;
        var stripsOfPlane = layout.StripOffsets.Length / planes;
        for (var strip = 0; strip < layout.StripOffsets.Length; strip++)
        {
            var (plane, top) = (strip / stripsOfPlane, strip % stripsOfPlane * layout.RowsPerStrip);
            if (layout.IsPlanar && Slot(plane, layout) < 0)
            {
                continue;
            }

            var rows = Math.Min(layout.RowsPerStrip, layout.Height - top);
            var bytes = TiffStrips.Read(file, layout, strip, rows);
            for (var row = 0; row < rows; row++)
            {
                var target = values.AsSpan((top + row) * layout.Width * used, layout.Width * used);
                ReadRow(bytes.AsSpan(row * layout.RowBytes, layout.RowBytes), layout, plane, target, used);
            }
        }

        return isDeep ? ToDeep(layout, values, used) : ToBytes(layout, values, used);
    }

    // Strips that the file does not hold are found before memory for the image is asked for.
    private static void CheckBytes(ImageBytes file, TiffLayout layout)
    {
        var total = 0L;
        for (var i = 0; i < layout.StripOffsets.Length; i++)
        {
            if (layout.StripOffsets[i] > file.Length || layout.StripLengths[i] > file.Length - layout.StripOffsets[i])
            {
                throw new EndOfStreamException();
            }

            total += layout.StripLengths[i];
        }

        if ((long)layout.RowBytes * layout.Height > 2048 * Math.Max(1, total))
        {
            throw new EndOfStreamException();
        }
    }

    // Where a number of a pixel goes: colours first, then alpha, others nowhere.
    private static int Slot(int sample, TiffLayout layout) =>
        sample < layout.Channels ? sample : sample == layout.AlphaAt ? layout.Channels : -1;

    private static void ReadRow(ReadOnlySpan<byte> row, TiffLayout layout, int plane, Span<float> target, int used)
    {
        var samples = layout.IsPlanar ? 1 : layout.Samples;
        for (var sample = 0; sample < samples; sample++)
        {
            var slot = Slot(layout.IsPlanar ? plane : sample, layout);
            if (slot < 0)
            {
                continue;
            }

            for (var x = 0; x < layout.Width; x++)
            {
                target[(x * used) + slot] = Number(row, (x * samples) + sample, layout);
            }
        }
    }

    private static float Number(ReadOnlySpan<byte> row, int index, TiffLayout layout) => (layout.Bits, layout.IsFloat) switch
    {
        (8, _) => layout.IsSigned ? (sbyte)row[index] : row[index],
        (16, true) => (float)(layout.IsLittle
            ? BinaryPrimitives.ReadHalfLittleEndian(row[(2 * index)..])
            : BinaryPrimitives.ReadHalfBigEndian(row[(2 * index)..])),
        (32, true) => layout.IsLittle
            ? BinaryPrimitives.ReadSingleLittleEndian(row[(4 * index)..])
            : BinaryPrimitives.ReadSingleBigEndian(row[(4 * index)..]),
        (64, _) => (float)(layout.IsLittle
            ? BinaryPrimitives.ReadDoubleLittleEndian(row[(8 * index)..])
            : BinaryPrimitives.ReadDoubleBigEndian(row[(8 * index)..])),
        (16, _) => Signed(
            layout.IsLittle
                ? BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * index)..])
                : BinaryPrimitives.ReadUInt16BigEndian(row[(2 * index)..]),
            layout),
        (32, _) => Signed(
            layout.IsLittle
                ? BinaryPrimitives.ReadUInt32LittleEndian(row[(4 * index)..])
                : BinaryPrimitives.ReadUInt32BigEndian(row[(4 * index)..]),
            layout),
        _ => Packed(row, (long)index * layout.Bits, layout.Bits),
    };

    private static float Signed(uint value, TiffLayout layout) =>
        !layout.IsSigned ? value : layout.Bits == 16 ? (short)value : (int)value;

    // Numbers of other than whole bytes follow each other, highest bit first.
    private static float Packed(ReadOnlySpan<byte> row, long position, int bits)
    {
        var value = 0;
        for (var i = position; i < position + bits; i++)
        {
            value = (value << 1) | ((row[(int)(i / 8)] >> (int)(7 - (i % 8))) & 1);
        }

        return value;
    }

    private static DeepImage ToDeep(TiffLayout layout, float[] values, int used)
    {
        var white = layout.IsFloat ? 1 : Math.Pow(2, layout.IsSigned ? layout.Bits - 1 : layout.Bits) - 1;
        var black = layout.IsSigned ? -white - 1 : 0;
        var (colors, alpha) =
            used == layout.Channels ? (values, null) : DeepSamples.Split(values, used, layout.Channels, layout.Channels, white);
        for (var i = 0; i < colors.Length; i++)
        {
            var opacity = layout.IsPremultiplied ? alpha![i / layout.Channels] : 1;
            colors[i] = opacity > 0 ? colors[i] / opacity : colors[i];
            colors[i] = layout.Photometric == TiffLayout.WhiteIsZero ? (float)(white + black - colors[i]) : colors[i];
        }

        return new DeepImage(layout.Width, layout.Height, layout.Orientation, layout.Channels, colors, alpha, layout.IsFloat, black, white);
    }

    private static ByteImage ToBytes(TiffLayout layout, float[] values, int used)
    {
        var white = (1 << layout.Bits) - 1;
        var pixels = new byte[4 * layout.Width * layout.Height];
        for (var i = 0; i < pixels.Length / 4; i++)
        {
            var from = values.AsSpan(i * used, used);
            var pixel = pixels.AsSpan(4 * i, 4);
            pixel[3] = used > layout.Channels ? (byte)Math.Round(255 * from[layout.Channels] / white) : byte.MaxValue;
            var scale = layout.IsPremultiplied && pixel[3] > 0 ? (double)white / from[layout.Channels] : 1;
            for (var c = 0; c < 3; c++)
            {
                var value = from[layout.Channels == 1 ? 0 : c];
                pixel[c] = layout.Photometric switch
                {
                    TiffLayout.Palette => (byte)(layout.ColorMap[(c << layout.Bits) + (int)value] >> 8),
                    TiffLayout.WhiteIsZero => (byte)Math.Round(255 * (white - value) / white),
                    _ => (byte)Math.Round(Math.Min(255, 255 * scale * value / white)),
                };
            }
        }

        return new ByteImage(layout.Width, layout.Height, layout.Orientation, pixels);
    }
}
