using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Microsoft.ML.Diffusion.Data.Files;
using Microsoft.ML.Diffusion.Data.Formats;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Damaged image files for each reader of this library, decided by a number, and whether a reader takes one as it should.</summary>
internal static class DamagedImages
{
    private const int MaximumPixels = 1 << 16;
    private const int BytesPerPixel = 64;
    private const int AllowanceBytes = 2 << 20;

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(2);

    private static readonly byte[][] _tiff =
    [
        TiffFile.Of(20, 10, 8, Noise(600), true, (262, [2]), (277, [3])),
        TiffFile.Of(20, 10, 8, Noise(800), false, (262, [2]), (277, [4]), (338, [1])),
        TiffFile.Of(20, 10, 16, Noise(400), false, (274, [6]), (317, [2])),
        TiffFile.Of(20, 10, 32, TiffFile.Floats(true, [.. Enumerable.Range(0, 200).Select(i => i / 3f)]), true, (339, [3])),
        TiffFile.Of(20, 10, 4, Noise(100), true, (262, [3]), (320, [.. Enumerable.Range(0, 48)])),
        TiffFile.Of(20, 10, 8, Deflate(Noise(200)), true, (259, [8])),
        TiffFile.Of(20, 10, 32, Deflate(Noise(800)), true, (259, [8]), (317, [3]), (339, [3])),
        TiffFile.Of(20, 10, 8, [.. Enumerable.Repeat((byte[])[0x83, 7, 0, 9, 0x80, 0xC5, 1], 40).SelectMany(run => run)], true, (259, [32773])),
        TiffFile.Of(20, 10, 8, [0x80, 0x00, 0x20, 0x50, 0x38, 0x24, 0x16, 0x0D, 0x07, 0x84, 0x42, 0x61, 0x50, 0xB8], true, (259, [5])),
        new TiffFile().Add(9, 4, 8, [Noise(18), Noise(18)], 2).Add(5, 5, 8, [Noise(25), Noise(25), Noise(25)], 5, (262, [2]), (277, [3]), (284, [2])).ToArray(),
    ];

    private static readonly byte[][] _pnm =
    [
        Encoding.ASCII.GetBytes("P1\n# a comment\n6 4\n010101\n101010\n010101\n101010\n"),
        Encoding.ASCII.GetBytes("P2\n4 2\n255\n0 1 2 3\n250 251 252 253\n"),
        Encoding.ASCII.GetBytes("P3\n2 2\n1000\n0 1 2 3 4 5\n900 901 902 903 904 905\n"),
        [.. "P4\n19 5\n"u8, .. Noise(15)],
        [.. "P5\n12 5\n255\n"u8, .. Noise(60)],
        [.. "P5\n12 5\n4095\n"u8, .. Noise(120)],
        [.. "P6\n8 4\n255\n"u8, .. Noise(96)],
    ];

    private static readonly byte[][] _tga =
    [
        [.. Tga(2, 24, 0x20), .. Noise(360)],
        [.. Tga(2, 32, 0x08), .. Noise(480)],
        [.. Tga(2, 16, 0x11), .. Noise(240)],
        [.. Tga(3, 8, 0), .. Noise(120)],
        [.. Tga(10, 24, 0), .. Enumerable.Repeat((byte[])[0x83, 1, 2, 3, 0x01, 4, 5, 6, 7, 8, 9], 20).SelectMany(run => run)],
        [0, 1, 1, 0, 0, 4, 0, 24, .. Tga(1, 8, 0)[8..], .. Noise(12), .. Enumerable.Repeat((byte)2, 120)],
        [.. Tga(3, 8, 0), .. Noise(120), .. new byte[8], .. "TRUEVISION-XFILE.\0"u8],
    ];

    private static readonly byte[][] _png =
    [
        PictureFiles.Png(6, 3, 16, 0, Rows(3, 13)),
        PictureFiles.Png(6, 3, 16, 2, Rows(3, 37)),
        PictureFiles.Png(6, 3, 16, 4, Rows(3, 25)),
        PictureFiles.WithChunk(PictureFiles.Png(6, 3, 16, 6, Rows(3, 49)), "eXIf"u8, OrientedFiles.Exif(6, 4, isLittle: false)),
        PictureFiles.WithChunk(PictureFiles.Png(6, 3, 16, 2, Rows(3, 37)), "tRNS"u8, [0, 1, 0, 2, 0, 3]),
    ];

    private static readonly byte[][] _orientation =
    [
        OrientedFiles.Of("JPEG", 8, 4, Noise(128), OrientedFiles.Exif(5, 3, isLittle: true)),
        OrientedFiles.Of("PNG", 8, 4, Noise(128), OrientedFiles.Exif(6, 1, isLittle: false)),
        OrientedFiles.Of("WebP", 8, 4, Noise(128), OrientedFiles.Exif(7, 4, isLittle: true)),
    ];

    /// <summary>What is read: the readers of this library, and those of SkiaSharp behind that of orientations.</summary>
    public static IReadOnlyDictionary<string, byte[][]> Samples { get; } = new Dictionary<string, byte[][]>
    {
        ["tiff"] = _tiff,
        ["pnm"] = _pnm,
        ["tga"] = _tga,
        ["png16"] = _png,
        ["orientation"] = _orientation,
    };

    /// <summary>A damaged file, the same for the same number.</summary>
    public static byte[] Make(string reader, int number)
    {
        var random = new Random(number);
        var samples = Samples[reader];
        var file = samples[random.Next(samples.Length)].ToArray();
        for (var damages = random.Next(1, 4); damages > 0 && file.Length > 0; damages--)
        {
            file = Damage(file, random);
        }

        return file;
    }

    /// <summary>Reads all pages of a file.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="wasRead">Whether an image came of it.</param>
    /// <returns>What was not as it should be; null if all was.</returns>
    public static string? Read(byte[] file, out bool wasRead)
    {
        wasRead = false;
        var (start, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        var options = new ImageFolderOptions { MaximumPixels = MaximumPixels };
        try
        {
            var bytes = ImageBytes.Of(file);
            foreach (var page in ImageDecoder.Pages(bytes).Offsets)
            {
                var stored = ImageDecoder.Decode(bytes, page, MaximumPixels);
                ImageReading.Finish(stored, options, stored is DeepImage deep ? PixelLevels.Of(deep, PixelRange.Automatic) : default);
                wasRead = true;
            }
        }
        catch (InvalidDataException)
        {
            // The reason for which it is skipped.
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }

        var (time, memory) = (Stopwatch.GetElapsedTime(start), GC.GetAllocatedBytesForCurrentThread() - before);
        return time > _limit || memory > (BytesPerPixel * MaximumPixels) + AllowanceBytes + (4L * file.Length)
            ? $"{file.Length} bytes took {time} and {memory} bytes"
            : null;
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        var at = random.Next(file.Length);
        switch (random.Next(7))
        {
            case 0:
                return file[..at];
            case 1:
                return [.. file[..at], .. file[Math.Min(file.Length, at + random.Next(1, 40))..]];
            case 2:
                return [.. file, .. file[at..]];
            case 3: // a number of an edge, where numbers are
                var value = ((int[])[0, 1, 2, 255, 65_535, int.MaxValue, int.MinValue, -1, file.Length, at])[random.Next(10)];
                at = Math.Min(at, file.Length - 4);
                if (at >= 0 && random.Next(2) == 0)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
                }
                else if (at >= 0)
                {
                    BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(at), value);
                }

                return file;
            case 4: // near the beginning, where headers are
                file[random.Next(Math.Min(file.Length, 64))] = (byte)random.Next(256);
                return file;
            case 5: // near the end, where a TIFF file's tags are
                file[^random.Next(1, Math.Min(file.Length, 150) + 1)] = (byte)random.Next(256);
                return file;
            default:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
        }
    }

    private static byte[] Noise(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    // Rows that begin with each filter in turn.
    private static byte[] Rows(int rows, int bytes)
    {
        var all = Noise(rows * bytes);
        for (var row = 0; row < rows; row++)
        {
            all[row * bytes] = (byte)(row + 2);
        }

        return all;
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var content = new MemoryStream();
        using (var deflated = new ZLibStream(content, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflated.Write(bytes);
        }

        return content.ToArray();
    }

    // Of 12x10 pixels.
    private static byte[] Tga(byte kind, byte bits, byte descriptor) => [0, 0, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 10, 0, bits, descriptor];
}
