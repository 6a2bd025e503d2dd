using System.Text;
using ImageMagick;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>PBM, PGM, PPM and TGA files.</summary>
[TestClass]
public sealed class OldFormatsTests : IDisposable
{
    private const int Side = 20;

    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("P1\n3 2\n0 1 0\n101", "", "255 0 255 0 255 0")]
    [DataRow("P1 # a comment\n#another\n3\t2 010101", "", "255 0 255 0 255 0")]
    [DataRow("P4\n3 2\n", "50 A0", "255 0 255 0 255 0")]
    [DataRow("P2\n3 1\n255\n0 128 255\n", "", "0 128 255")]
    [DataRow("P2\n3 1\n15\n0 8 15", "", "0 136 255")]
    [DataRow("P5\n3 1\n255\n", "00 80 FF", "0 128 255")]
    [DataRow("P5 3 1 # after\n255\n", "00 80 FF", "0 128 255")]
    [DataRow("P5\n3 1\n4095\n", "00 00 08 00 0F FF", "0 128 255")]
    [DataRow("P5\n3 1\n65535\n", "00 00 80 00 FF FF", "0 128 255")]
    [DataRow("P2\n3 1\n1000\n0 500 1000", "", "0 128 255")]
    public void LoadImage_Greys_AreTheLevels(string text, string hex, string expected) =>
        Assert.AreEqual(
            expected,
            string.Join(' ', Rgb([.. Encoding.ASCII.GetBytes(text), .. Convert.FromHexString(hex.Replace(" ", ""))]).Where((_, i) => i % 3 == 0)));

    [TestMethod]
    [DataRow("P3\n2 1\n255\n1 2 3\n4 5 6", "")]
    [DataRow("P6\n2 1\n255\n", "010203040506")]
    [DataRow("P6\n2 1\n255\n", "010203040506FFFF")] // whatever follows the first image
    public void LoadImage_Colours_AreTheLevels(string text, string hex) =>
        CollectionAssert.AreEqual(
            new byte[] { 1, 2, 3, 4, 5, 6 },
            Rgb([.. Encoding.ASCII.GetBytes(text), .. Convert.FromHexString(hex)]));

    [TestMethod]
    [DataRow("P5\n3 1\n255\nab", "its PGM data are cut short")]
    [DataRow("P4\n90 90\n", "its PBM data are cut short")]
    [DataRow("P3\n2 1\n255\n1 2 3\n4 5", "its PPM data are cut short")]
    [DataRow("P2\n2 1\n255\n1 x", "its PGM data are damaged")]
    [DataRow("P1\n2 1\n0 2", "its PBM data are damaged")]
    [DataRow("P5\n0 1\n255\n", "its PGM data are damaged")]
    [DataRow("P5\n3 1\n0\nabc", "its PGM data are damaged")]
    [DataRow("P5\n3 1\n70000\nabc", "its PGM data are damaged")]
    [DataRow("P6\n60000 60000\n255\n", "it has 60000x60000 pixels, more than MaximumPixels (67108864)")]
    [DataRow("P6\n99999999999999999999 1\n255\n", "its PPM data are damaged")]
    [DataRow("P2\n8000 8000\n255\n1", "its PGM data are cut short")]
    [DataRow("P7\nWIDTH 1\n", "its format is PAM, which cannot be read; convert it to PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA")]
    [DataRow("P9\n1 1\n", "its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)")]
    [DataRow("P1234", "its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)")]
    public void InspectImages_BadPnm_SaysWhy(string text, string reason)
    {
        _folder.Write("a", Encoding.ASCII.GetBytes(text));

        Assert.AreEqual(reason, _context.Diffusion.InspectImages(_folder.Path).Skipped.Single().Reason);
    }

    [TestMethod]
    [DataRow(MagickFormat.Pbm)]
    [DataRow(MagickFormat.Pgm)]
    [DataRow(MagickFormat.Ppm)]
    [DataRow(MagickFormat.Tga)]
    [DataRow(MagickFormat.Icb)]
    public void LoadImage_WrittenByImageMagick_IsAsItReadsIt(MagickFormat format)
    {
        foreach (var isPacked in (bool[])[false, true])
        {
            using var image = Noise();
            image.Settings.Compression = isPacked ? CompressionMethod.RLE : CompressionMethod.NoCompression;
            var bytes = image.ToByteArray(format);
            using var read = new MagickImage(bytes, format);
            using var pixels = read.GetPixels();

            CollectionAssert.AreEqual(pixels.ToByteArray(PixelMapping.RGB), Rgb(bytes), $"packed: {isPacked}");
        }
    }

    [TestMethod]
    [DataRow(0x00, "3 4 1 2")] // from below, left to right
    [DataRow(0x10, "4 3 2 1")]
    [DataRow(0x20, "1 2 3 4")]
    [DataRow(0x30, "2 1 4 3")]
    public void LoadImage_TgaOrder_IsObeyed(int descriptor, string expected)
    {
        byte[] file = [0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 8, (byte)descriptor, 1, 2, 3, 4];

        Assert.AreEqual(expected, string.Join(' ', Rgb(file).Where((_, i) => i % 3 == 0)));
    }

    [TestMethod]
    public void LoadImage_TgaKinds_AreRead()
    {
        byte[] Header(int map, int kind, int width, int bits, int descriptor, params byte[] rest) =>
            [1, (byte)map, (byte)kind, 0, 0, (byte)(2 * map), 0, (byte)(24 * map), 0, 0, 0, 0, (byte)width, 0, 1, 0, (byte)bits, (byte)descriptor, 0xEE, .. rest];

        CollectionAssert.AreEqual(new byte[] { 6, 5, 4, 3, 2, 1 }, Rgb(Header(1, 1, 2, 8, 0x20, 1, 2, 3, 4, 5, 6, 1, 0)), "colour map");
        CollectionAssert.AreEqual(new byte[] { 6, 5, 4, 6, 5, 4, 3, 2, 1 }, Rgb(Header(1, 9, 3, 8, 0x20, 1, 2, 3, 4, 5, 6, 0x81, 1, 0x00, 0)), "packed");
        CollectionAssert.AreEqual(new byte[] { 255, 0, 0, 0, 0, 255 }, Rgb(Header(0, 2, 2, 16, 0x20, 0x00, 0x7C, 0x1F, 0x00)), "16 bits");
        CollectionAssert.AreEqual(new byte[] { 255, 255, 255, 0, 0, 255 }, Rgb(Header(0, 2, 2, 16, 0x21, 0x00, 0x7C, 0x1F, 0x80)), "16 bits with alpha");
        CollectionAssert.AreEqual(new byte[] { 3, 2, 1 }, Rgb(Header(0, 2, 1, 32, 0x20, 1, 2, 3, 0)), "32 bits of which none is alpha");
        CollectionAssert.AreEqual(new byte[] { 227, 177, 127 }, Rgb(Header(0, 2, 1, 32, 0x28, 0, 100, 199, 128)), "alpha");
        CollectionAssert.AreEqual(new byte[] { 3, 2, 1, 3, 2, 1 }, Rgb(Header(0, 10, 2, 24, 0x20, 0x81, 1, 2, 3)), "a run");
    }

    [TestMethod]
    public void InspectImages_WhatOnlyResemblesTga_IsNoImage()
    {
        byte[] tga = [0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 8, 0x20, 1, 2, 3, 4];
        _folder.Write("longer", [.. tga, 5]);
        _folder.Write("shorter", tga[..^1]);
        _folder.Write("cursor", [0, 0, 2, 0, 1, 0, .. new byte[60]]);
        _folder.Write("packed", [.. tga[..2], 11, .. tga[3..18], 0x80, 1, 0x80, 2]); // two of four pixels
        var random = new Random(3);
        for (var i = 0; i < 2000; i++)
        {
            var noise = new byte[64];
            random.NextBytes(noise);
            (noise[1], noise[2]) = (0, 2);
            _folder.Write($"noise{i}", noise);
        }

        Assert.AreEqual(0, _context.Diffusion.InspectImages(_folder.Path).Count);
    }

    [TestMethod]
    public void LoadImage_TgaWithFooter_MayHaveMoreAfterItsPixels()
    {
        byte[] tga = [0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 8, 0x20, 1, 2, 3, 4];
        byte[] footer = [.. new byte[8], .. "TRUEVISION-XFILE.\0"u8];

        Assert.AreEqual("1 2 3 4", string.Join(' ', Rgb([.. tga, 9, 9, 9, .. footer]).Where((_, i) => i % 3 == 0)));

        _folder.Write("cut", [.. tga[..12], 9, 0, 9, 0, .. tga[16..], .. footer]);
        Assert.AreEqual("its TGA data are cut short", _context.Diffusion.InspectImages(_folder.Path).Skipped.Single().Reason);
    }

    private static MagickImage Noise()
    {
        var pixels = new byte[3 * Side * Side];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(i < pixels.Length / 2 ? 100 : i * i);
        }

        return new MagickImage(pixels, new PixelReadSettings(Side, Side, StorageType.Char, PixelMapping.RGB));
    }

    private byte[] Rgb(byte[] file)
    {
        var path = _folder.Write("one", file);
        using var image = _context.Diffusion.LoadImage(path);
        File.Delete(path);
        return [.. image.Pixels.ToArray().Where((_, i) => i % 4 != 3)];
    }
}
