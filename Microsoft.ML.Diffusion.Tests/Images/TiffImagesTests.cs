using ImageMagick;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>TIFF files, written by hand and by ImageMagick, and those that cannot be read.</summary>
[TestClass]
public sealed class TiffImagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(1, 1, 0b1011_0000, "255 0 255 255")]
    [DataRow(0, 1, 0b1011_0000, "0 255 0 0")]
    [DataRow(1, 2, 0b1110_0100, "255 170 85 0")]
    [DataRow(1, 4, 0x5F_0A, "85 255 0 170")]
    [DataRow(1, 8, 0x01_80_7F_FF, "1 128 127 255")]
    public void LoadImage_Greys_AreTheLevels(int photometric, int bits, int row, string expected)
    {
        var bytes = new byte[bits / 2 == 0 ? 1 : bits / 2];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(row >> (8 * (bytes.Length - 1 - i)));
        }

        Assert.AreEqual(expected, Reds(TiffFile.Of(4, 1, bits, bytes, true, (262, [photometric]))));
    }

    [TestMethod]
    public void LoadImage_Palette_IsItsColours()
    {
        var map = new int[3 * 16];
        (map[2], map[16 + 2], map[32 + 2]) = (0x1200, 0x34FF, 0xFFFF);

        var pixels = Rgb(TiffFile.Of(2, 1, 4, [0x20], true, (262, [3]), (320, map)));

        CollectionAssert.AreEqual(new byte[] { 0x12, 0x34, 0xFF, 0, 0, 0 }, pixels);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void LoadImage_Alpha_IsCompositedWhetherMultipliedOrNot(bool isMultiplied)
    {
        byte[] pixels = isMultiplied ? [100, 50, 0, 128, 7, 8, 9, 255] : [199, 100, 0, 128, 7, 8, 9, 255];

        var rgb = Rgb(TiffFile.Of(2, 1, 8, pixels, true, (262, [2]), (277, [4]), (338, [isMultiplied ? 1 : 2])));

        CollectionAssert.AreEqual(new byte[] { 227, 177, 127, 7, 8, 9 }, rgb);
    }

    [TestMethod]
    public void LoadImage_ChannelsBesideColours_AreLeftOut() =>
        CollectionAssert.AreEqual(
            new byte[] { 1, 2, 3, 5, 6, 7 },
            Rgb(TiffFile.Of(2, 1, 8, [1, 2, 3, 0, 5, 6, 7, 0], true, (262, [2]), (277, [4]), (338, [0]))));

    [TestMethod]
    public void LoadImage_Planes_ArePutTogether()
    {
        var file = new TiffFile().Add(2, 2, 8, [[1, 2], [3, 4], [11, 12], [13, 14], [21, 22], [23, 24]], 1, (262, [2]), (277, [3]), (284, [2]));

        CollectionAssert.AreEqual(new byte[] { 1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24 }, Rgb(file.ToArray()));
    }

    [TestMethod]
    [DataRow(CompressionMethod.NoCompression)]
    [DataRow(CompressionMethod.LZW)]
    [DataRow(CompressionMethod.Zip)]
    [DataRow(CompressionMethod.RLE)]
    public void LoadImage_WrittenByImageMagick_IsEqual(CompressionMethod compression)
    {
        // Long runs, and noise that fills the table of codes more than once.
        var random = new Random(5);
        var pixels = new byte[3 * 120 * 90];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i < 6000 ? (byte)(i / 1000) : (byte)random.Next(256);
        }

        using var image = new MagickImage(pixels, new PixelReadSettings(120, 90, StorageType.Char, PixelMapping.RGB));
        image.Settings.Compression = compression;

        CollectionAssert.AreEqual(pixels, Rgb(image.ToByteArray(MagickFormat.Tiff)));
    }

    [TestMethod]
    public void LoadImage_LzwOfOneColour_IsThatColour()
    {
        using var image = new MagickImage(new MagickColor(10, 20, 30), 700, 700);
        image.Settings.Compression = CompressionMethod.LZW;

        var pixels = Rgb(image.ToByteArray(MagickFormat.Tiff));

        CollectionAssert.AreEqual(Enumerable.Repeat(new byte[] { 10, 20, 30 }, 700 * 700).SelectMany(x => x).ToArray(), pixels);
    }

    [TestMethod]
    public void LoadImages_Pages_AreRowsWithTheirNumbers()
    {
        var file =
            new TiffFile().Add(2, 1, 8, [[1, 2]], 1)
                .Add(1, 1, 8, [[99]], 1, (254, [1])) // a reduced copy of the page before
                .Add(2, 1, 8, [[3, 4]], 1)
                .Add(2, 1, 8, [[5, 6]], 1);
        _folder.Write("b/stack.tif", file.ToArray());
        _folder.Write("a.tif", TiffFile.Of(2, 1, 8, [7, 8]));

        var loaded = _context.Diffusion.LoadImages(_folder.Path);

        Assert.AreEqual(4, loaded.Count);
        CollectionAssert.AreEqual(new[] { 1, 1, 2, 3 }, loaded.Data.GetColumn<int>("Page").ToArray());
        CollectionAssert.AreEqual(new byte[] { 7, 1, 3, 5 }, loaded.Data.GetColumn<MLImage>("Image").Select(image => image.Pixels[0]).ToArray());
        CollectionAssert.AreEqual(new uint[] { 0, 1, 1, 1 }, loaded.Data.GetColumn<uint>("Label").ToArray());
        CollectionAssert.AreEqual(
            new[] { "a.tif", "b/stack.tif", "b/stack.tif", "b/stack.tif" },
            loaded.Data.GetColumn<string>("ImagePath").Select(path => Path.GetRelativePath(_folder.Path, path).Replace('\\', '/')).ToArray());
        using var first = _context.Diffusion.LoadImage(_folder.File("b/stack.tif"));
        Assert.AreEqual(1, first.Pixels[0]);
    }

    [TestMethod]
    public void LoadImages_PagesThatCannotBeRead_AreSkippedByNumber()
    {
        _folder.Write("a.tif", new TiffFile().Add(1, 1, 8, [[1]], 1).Add(1, 1, 8, [[2]], 1, (259, [7])).Add(1, 1, 8, [[3]], 1).ToArray());
        var circle = new TiffFile().Add(1, 1, 8, [[1]], 1).Add(1, 1, 8, [[2]], 1).ToArray();
        circle.AsSpan(4, 4).CopyTo(circle.AsSpan(circle.Length - 4)); // the last page's next is the first
        _folder.Write("circle.tif", circle);

        var loaded = _context.Diffusion.LoadImages(_folder.Path);

        Assert.AreEqual(
            """
            a.tif: page 2: it is a TIFF file of JPEG compression, which cannot be read; convert it to PNG
            circle.tif: after page 2, its TIFF data are damaged
            """.ReplaceLineEndings("\n"),
            string.Join('\n', loaded.Skipped.Select(file => $"{file.Path}: {file.Reason}")));
        Assert.AreEqual(4, loaded.Count);
    }

    [TestMethod]
    [DataRow("tiles", 322, 16)]
    [DataRow("fax compression", 259, 2)]
    [DataRow("fax compression", 259, 3)]
    [DataRow("fax compression", 259, 4)]
    [DataRow("JPEG compression", 259, 7)]
    [DataRow("Zstandard compression", 259, 50000)]
    [DataRow("compression 9999", 259, 9999)]
    [DataRow("CMYK colours", 262, 5)]
    [DataRow("YCbCr colours", 262, 6)]
    [DataRow("bits in reversed order", 266, 2)]
    [DataRow("numbers of another kind", 339, 5)]
    [DataRow("numbers of 24 bits", 258, 24)]
    [DataRow("2 channels without a colour", 277, 2)]
    [DataRow("predictor 3", 317, 3)]
    public void LoadImage_WhatCannotBeRead_IsRefusedByName(string what, int tag, int value)
    {
        var path = _folder.Write("a.tif", TiffFile.Of(1, 1, 8, new byte[16], true, (tag, [value])));

        Messages.Expect<FormatException>(
            $"The image {path} cannot be used: it is a TIFF file of {what}, which cannot be read; convert it to PNG.",
            () => _context.Diffusion.LoadImage(path));
    }

    [TestMethod]
    public void LoadImage_ManyPagesOfTheSamePixels_AreRefused()
    {
        // Without a limit, 20,000 pages of 1 MB in a file of 4 MB.
        var bytes = new TiffFile().Add(1000, 1000, 8, [new byte[1_000_000]], 1000).ToArray();
        var tags = bytes[^(2 + (6 * 12) + 4)..^4];
        List<byte> file = [.. bytes];
        for (var page = 0; page < 20_000; page++)
        {
            BitConverter.GetBytes(file.Count).CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(file)[^4..]);
            file.AddRange([.. tags, 0, 0, 0, 0]);
        }

        _folder.Write("a.tif", [.. file]);

        var inspection = _context.Diffusion.InspectImages(_folder.Path);

        Assert.IsLessThanOrEqualTo(2, inspection.Count);
        Assert.AreEqual($"after page {inspection.Count}, its TIFF data are damaged", inspection.Skipped.Single().Reason);
    }

    private string Reds(byte[] file) => string.Join(' ', Rgb(file).Where((_, i) => i % 3 == 0));

    private byte[] Rgb(byte[] file)
    {
        using var image = _context.Diffusion.LoadImage(_folder.Write("one.tif", file));
        return [.. image.Pixels.ToArray().Where((_, i) => i % 4 != 3)];
    }
}
