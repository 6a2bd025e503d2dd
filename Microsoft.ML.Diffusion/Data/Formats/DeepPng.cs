using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>PNG files of 16 bits a channel (ISO/IEC 15948), of which SkiaSharp keeps the upper eight bits only.</summary>
internal static class DeepPng
{
    private const string Format = "PNG";

    /// <summary>How many bytes the deflate method can make of one, and some more.</summary>
    public const long MaximumDeflation = 1100;

    // Where the pixels of a pass of an interlaced image lie (Adam7): the first column and row, and the steps.
    private static readonly (int X, int Y, int StepX, int StepY)[] _passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Whether the header says 16 bits a channel.</summary>
    public static bool Is(ReadOnlySpan<byte> file) => file.Length > 24 && file[12..16].SequenceEqual("IHDR"u8) && file[24] == 16;

    public static DeepImage Decode(byte[] file, int orientation, int maximumPixels)
    {
        if (file.Length < 33)
        {
            throw new EndOfStreamException();
        }

        var width = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(16));
        var height = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(20));
        Damage.CheckSize(width, height, maximumPixels, Format);
        var samples = file[25] switch { 0 => 1, 2 => 3, 4 => 2, 6 => 4, _ => throw Damage.In(Format) };
        var (content, key) = Compressed(file, samples);
        if (2L * width * height * samples > MaximumDeflation * content.Length)
        {
            throw new EndOfStreamException(); // before memory is asked for
        }

        var values = new float[width * height * samples];
        try
        {
            using var rows = new ZLibStream(content, CompressionMode.Decompress);
            foreach (var pass in file[28] == 0 ? [(0, 0, 1, 1)] : _passes)
            {
                ReadPass(rows, pass, (int)width, (int)height, samples, values);
            }

            rows.ReadByte(); // the check at the end of the data is looked at only where that is reached
        }
        catch (Exception exception) when (Damage.IsOfDeflate(exception))
        {
            throw Damage.In(Format);
        }

        return ToImage((int)width, (int)height, orientation, samples, values, key);
    }

    // The content of all IDAT chunks, and the colour that is transparent.
    private static (MemoryStream Content, int[]? Key) Compressed(ReadOnlySpan<byte> file, int samples)
    {
        var content = new MemoryStream();
        int[]? key = null;
        var chunks = new PngChunks(file);
        while (chunks.MoveNext())
        {
            var (isData, isKey) = (chunks.Name.SequenceEqual("IDAT"u8), chunks.Name.SequenceEqual("tRNS"u8));
            if ((isData || isKey || chunks.Name.SequenceEqual("IHDR"u8)) && !chunks.IsWhole())
            {
                throw Damage.In(Format);
            }

            if (isData)
            {
                content.Write(chunks.Content);
            }
            else if (isKey && samples is 1 or 3 && chunks.Content.Length >= 2 * samples)
            {
                key = new int[samples];
                for (var i = 0; i < samples; i++)
                {
                    key[i] = BinaryPrimitives.ReadUInt16BigEndian(chunks.Content[(2 * i)..]);
                }
            }
        }

        content.Position = 0;
        return (content, key);
    }

    private static void ReadPass(
        Stream rows,
        (int X, int Y, int StepX, int StepY) pass,
        int width,
        int height,
        int samples,
        float[] values)
    {
        var columns = (width - pass.X + pass.StepX - 1) / pass.StepX;
        if (columns <= 0)
        {
            return;
        }

        var (pixelBytes, before, row) = (2 * samples, new byte[2 * samples * columns], new byte[2 * samples * columns]);
        for (var y = pass.Y; y < height; y += pass.StepY)
        {
            var filter = rows.ReadByte();
            rows.ReadExactly(row);
            Unfilter(filter, row, before, pixelBytes);
            for (var (column, from) = (0, 0); column < columns; column++)
            {
                var pixel = ((y * width) + pass.X + (column * pass.StepX)) * samples;
                for (var sample = 0; sample < samples; sample++, from += 2)
                {
                    values[pixel + sample] = (row[from] << 8) | row[from + 1];
                }
            }

            (before, row) = (row, before);
        }
    }

    // Clause 9 of the specification: bytes are stored as differences to a guess from their neighbours.
    private static void Unfilter(int filter, byte[] row, byte[] before, int pixelBytes)
    {
        switch (filter)
        {
            case 0:
                break;
            case 1:
                for (var i = pixelBytes; i < row.Length; i++)
                {
                    row[i] += row[i - pixelBytes];
                }

                break;
            case 2:
                TensorPrimitives.Add<byte>(row, before, row);
                break;
            case 3 or 4:
                for (var i = 0; i < row.Length; i++)
                {
                    var (left, corner) = i < pixelBytes ? (0, 0) : (row[i - pixelBytes], before[i - pixelBytes]);
                    row[i] += (byte)(filter == 3 ? (left + before[i]) / 2 : Paeth(left, before[i], corner));
                }

                break;
            default:
                throw Damage.In(Format);
        }
    }

    private static int Paeth(int left, int up, int corner)
    {
        var guess = left + up - corner;
        var (toLeft, toUp, toCorner) = (Math.Abs(guess - left), Math.Abs(guess - up), Math.Abs(guess - corner));
        return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }

    private static DeepImage ToImage(int width, int height, int orientation, int samples, float[] values, int[]? key)
    {
        var channels = samples < 3 ? 1 : 3;
        float[]? alpha = null;
        if (samples != channels)
        {
            (values, alpha) = DeepSamples.Split(values, samples, channels, alphaAt: channels, white: ushort.MaxValue);
        }
        else if (key is not null)
        {
            alpha = new float[width * height];
            for (var i = 0; i < alpha.Length; i++)
            {
                var pixel = values.AsSpan(i * channels, channels);
                var isKey = pixel[0] == key[0] && (channels == 1 || (pixel[1] == key[1] && pixel[2] == key[2]));
                alpha[i] = isKey ? 0 : 1;
            }
        }

        return new DeepImage(width, height, orientation, channels, values, alpha, IsFloat: false, Black: 0, White: ushort.MaxValue);
    }
}
