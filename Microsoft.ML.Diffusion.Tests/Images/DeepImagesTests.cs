using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Images of more than 8 bits a channel, of signed and of floating-point numbers: <see cref="PixelRange"/>.</summary>
[TestClass]
public sealed class DeepImagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void LoadImages_TwelveBitsInSixteen_KeepTheirLevels()
    {
        // All 4,096 numbers, of which SkiaSharp makes 16 levels.
        var values = Enumerable.Range(0, 64 * 64).Select(i => (long)i).ToArray();
        _folder.Write("a.png", Png(64, 64, values));

        var levels = Levels(new ImageFolderOptions());

        Assert.AreEqual(256, levels.Distinct().Count());
        CollectionAssert.AreEqual(values.Select(value => (int)Math.Round(255 * value / 4095.0)).ToArray(), levels);
    }

    [TestMethod]
    public void LoadImages_TwoImages_ShareTheRange()
    {
        _folder.Write("a.png", Png(2, 1, 0, 1000));
        _folder.Write("b.tif", Grey(16, 0, 4000));

        var loaded = _context.Diffusion.LoadImages(_folder.Path);

        CollectionAssert.AreEqual(new[] { 0, 62, 0, 249 }, Levels(new ImageFolderOptions())); // of 4095
        var deep = loaded.DeepImages.Single();
        Assert.AreEqual((2, false, 0.0, 4000.0, 0.0, 4095.0), (deep.Count, deep.IsFloatingPoint, deep.Smallest, deep.Largest, deep.Black, deep.White));
        Assert.AreEqual(
            "Deep      2 of whole numbers 0 to 4000, 0 becomes black and 4095 white",
            _context.Diffusion.InspectImages(_folder.Path).ToString().Split('\n')[3]);
    }

    [TestMethod]
    [DataRow("Full", "0 4 16")]
    [DataRow("Used", "0 61 255")]
    [DataRow("Of(1000, 2000)", "0 0 255")]
    [DataRow("Automatic", "3 62 249")]
    public void LoadImages_Range_IsThatOfTheOption(string range, string expected)
    {
        _folder.Write("a.png", Png(3, 1, 50, 1000, 4000));
        PixelRange[] ranges = [PixelRange.Full, PixelRange.Used, PixelRange.Of(1000, 2000), PixelRange.Automatic];
        var options = new ImageFolderOptions { PixelRange = ranges.Single(one => one.ToString() == range) };

        Assert.AreEqual(expected, string.Join(' ', Levels(options)));
    }

    [TestMethod]
    public void LoadImages_Percentiles_LeaveOutHotPixels()
    {
        // 12 bits, but for one pixel in 10,000.
        var values = Enumerable.Range(0, 100 * 100).Select(i => i == 77 ? ushort.MaxValue : (long)(i % 4096)).ToArray();
        _folder.Write("a.png", Png(100, 100, values));
        List<string> warnings = [];
        _context.Log += (_, entry) => warnings.Add(entry.RawMessage);

        var lost = Levels(new ImageFolderOptions());
        var kept = Levels(new ImageFolderOptions { PixelRange = PixelRange.Percentiles() });

        Assert.HasCount(18, lost.Distinct().ToList());
        Assert.IsGreaterThan(240, kept.Distinct().Count());
        Assert.HasCount(1, warnings.Where(text => text.Contains("Set ImageFolderOptions.PixelRange to PixelRange.Percentiles()", StringComparison.Ordinal)).ToList());
    }

    [TestMethod]
    public void LoadImages_NarrowRangeFarFromBlack_IsSpread()
    {
        _folder.Write("a.png", Png(3, 1, 30_000, 30_500, 31_000));

        Assert.AreEqual("0 128 255", string.Join(' ', Levels(new ImageFolderOptions())));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void LoadImages_FloatingPoint_IsMappedByOneOrByItsRange(bool isLittle)
    {
        _folder.Write("a.tif", TiffFile.Of(3, 1, 32, TiffFile.Floats(isLittle, 0, 0.5f, 1), isLittle, (339, [3])));
        Assert.AreEqual("0 128 255", string.Join(' ', Levels(new ImageFolderOptions())));

        _folder.Write("a.tif", TiffFile.Of(4, 1, 32, TiffFile.Floats(isLittle, -500, float.NaN, 1500, 500), isLittle, (339, [3])));
        Assert.AreEqual("0 0 255 128", string.Join(' ', Levels(new ImageFolderOptions())));
    }

    [TestMethod]
    public void LoadImages_NoNumberAtAll_IsBlackAndWarnedOf()
    {
        _folder.Write("a.tif", TiffFile.Of(2, 1, 32, TiffFile.Floats(true, float.NaN, float.NaN), true, (339, [3])));

        var loaded = _context.Diffusion.LoadImages(_folder.Path);

        Assert.AreEqual("0 0", string.Join(' ', Levels(new ImageFolderOptions())));
        Assert.AreEqual(1, loaded.BlankCount);
        Assert.AreEqual((0.0, 0.0, 0.0, 1.0), loaded.DeepImages.Select(deep => (deep.Smallest, deep.Largest, deep.Black, deep.White)).Single());
    }

    [TestMethod]
    public void LoadImages_Signed_IsMappedByItsRange()
    {
        // Hounsfield units: air, water, bone.
        _folder.Write("a.tif", TiffFile.Of(3, 1, 16, new TiffFile().Numbers(2, [-1000, 0, 1000]), true, (339, [2])));

        Assert.AreEqual("0 128 255", string.Join(' ', Levels(new ImageFolderOptions())));
        Assert.AreEqual("124 128 131", string.Join(' ', Levels(new ImageFolderOptions { PixelRange = PixelRange.Full })));
    }

    [TestMethod]
    [DataRow(12, new byte[] { 0x00, 0x08, 0x00, 0xFF, 0xF0 }, "0 128 255")]
    [DataRow(16, new byte[] { 0, 0, 0, 0x80, 0xFF, 0xFF }, "0 128 255")]
    [DataRow(32, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF }, "0 128 255")]
    public void LoadImages_WholeNumbers_OfAnyBits(int bits, byte[] row, string expected)
    {
        _folder.Write("a.tif", TiffFile.Of(3, 1, bits, row));

        Assert.AreEqual(expected, string.Join(' ', Levels(new ImageFolderOptions())));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void LoadImages_Predictor_IsUndone(bool isLittle)
    {
        var file = new TiffFile(isLittle);
        _folder.Write("a.tif", TiffFile.Of(3, 1, 16, file.Numbers(2, [1000, 64_536, 65_535]), isLittle, (317, [2]), (262, [1])));
        Assert.AreEqual("4 0 255", string.Join(' ', Levels(new ImageFolderOptions { PixelRange = PixelRange.Full })));

        // The bytes of 0, 0.5 and 1, highest first, plane after plane, as differences.
        byte[] planes = [0, 0x3F, 0x3F, 0, 0, 0x80, 0, 0, 0, 0, 0, 0];
        byte[] differences = [.. planes.Select((value, i) => (byte)(value - (i == 0 ? 0 : planes[i - 1])))];
        _folder.Write("a.tif", TiffFile.Of(3, 1, 32, differences, isLittle, (317, [3]), (339, [3])));
        Assert.AreEqual("0 128 255", string.Join(' ', Levels(new ImageFolderOptions())));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    public void LoadImages_PngFilter_IsUndone(int filter)
    {
        // Two rows of two pixels; ImageMagick would choose filters itself.
        byte[] rows = [(byte)filter, 0x80, 0x01, 0x10, 0x02, (byte)filter, 0x01, 0x03, 0x01, 0x04];
        byte[] expected = filter switch
        {
            0 => [0x80, 0x01, 0x10, 0x02, 0x01, 0x03, 0x01, 0x04],
            1 => [0x80, 0x01, 0x90, 0x03, 0x01, 0x03, 0x02, 0x07],
            2 => [0x80, 0x01, 0x10, 0x02, 0x81, 0x04, 0x11, 0x06],
            3 => [0x80, 0x01, 0x50, 0x02, 0x41, 0x03, 0x49, 0x06],
            _ => [0x80, 0x01, 0x90, 0x03, 0x81, 0x04, 0x91, 0x08],
        };
        _folder.Write("a.png", PictureFiles.Png(2, 2, 16, 0, rows));

        var levels = Levels(new ImageFolderOptions { PixelRange = PixelRange.Of(0, 65_535) });

        CollectionAssert.AreEqual(
            expected.Chunk(2).Select(pair => (int)Math.Round(255 * ((256 * pair[0]) + pair[1]) / 65_535.0)).ToArray(),
            levels);
    }

    [TestMethod]
    public void LoadImages_DeepPngWithAlpha_IsComposited()
    {
        _folder.Write("a.png", PictureFiles.Png(1, 1, 16, 4, [0, 0, 0, 0x80, 0]));
        Assert.AreEqual("127", string.Join(' ', Levels(new ImageFolderOptions { PixelRange = PixelRange.Full })));
    }

    [TestMethod]
    public void LoadImages_DeepPng_CutOrDamaged_IsSkipped()
    {
        var png = Png(64, 64, [.. Enumerable.Range(0, 64 * 64).Select(i => (long)(i * i % 65_536))]);
        var damaged = (byte[])png.Clone();
        damaged[^25] ^= 0xFF;
        _folder.Write("cut.png", png[..^100]);
        _folder.Write("damaged.png", damaged);
        _folder.Write("good.png", png);
        _folder.Write("huge.png", PictureFiles.Png(60_000, 60_000, 16, 2, [0]));
        _folder.Write("promise.png", PictureFiles.Png(8_000, 8_000, 16, 2, [0]));

        var loaded = _context.Diffusion.LoadImages(_folder.Path);

        Assert.AreEqual(
            """
            cut.png: its PNG data are cut short
            damaged.png: its PNG data are damaged
            huge.png: it has 60000x60000 pixels, more than MaximumPixels (67108864)
            promise.png: its PNG data are cut short
            """.ReplaceLineEndings("\n"),
            string.Join('\n', loaded.Skipped.Select(file => $"{file.Path}: {file.Reason}")));
    }

    [TestMethod]
    public void LoadImage_RangeOfTheFolder_IsGivenByOf()
    {
        _folder.Write("a.png", Png(2, 1, 0, 900));
        _folder.Write("b.png", Png(2, 1, 0, 4000));
        var deep = _context.Diffusion.InspectImages(_folder.Path).DeepImages.Single();

        using var alone = _context.Diffusion.LoadImage(_folder.File("a.png"));
        using var asThere =
            _context.Diffusion.LoadImage(
                _folder.File("a.png"),
                new ImageFolderOptions { PixelRange = PixelRange.Of(deep.Black, deep.White) });

        Assert.AreEqual((224, 56), (alone.Pixels[4], asThere.Pixels[4])); // of 1023 and of 4095
    }

    [TestMethod]
    public void PixelRange_BadArguments_SayWhatMustHold()
    {
        Messages.Expect<ArgumentOutOfRangeException>(
            "white must be a finite number above black, because numbers are mapped from black to it. (Parameter 'white')\nActual value was 5.",
            () => PixelRange.Of(5, 5));
        Messages.Expect<ArgumentOutOfRangeException>(
            "black must be a finite number, because numbers are mapped from it. (Parameter 'black')\nActual value was NaN.",
            () => PixelRange.Of(double.NaN, 5));
        Messages.Expect<ArgumentOutOfRangeException>(
            "low must be from 0 to below 100, because it is a percentage of the numbers. (Parameter 'low')\nActual value was -1.",
            () => PixelRange.Percentiles(-1));
        Messages.Expect<ArgumentOutOfRangeException>(
            "high must be above low and at most 100, because it is a percentage of the numbers. (Parameter 'high')\nActual value was 0.1.",
            () => PixelRange.Percentiles(0.1, 0.1));
        Assert.AreEqual("Percentiles(0.1, 99.9)", PixelRange.Percentiles().ToString());
        Assert.AreEqual(PixelRange.Of(1, 2), PixelRange.Of(1, 2));
        Assert.ThrowsExactly<ArgumentNullException>(
            () => _context.Diffusion.InspectImages(_folder.Path, new ImageFolderOptions { PixelRange = null! }));
    }

    private static byte[] Png(int width, int height, params long[] values)
    {
        var numbers = new TiffFile(isLittle: false).Numbers(2, values);
        return PictureFiles.Png(width, height, 16, 0, [.. numbers.Chunk(2 * width).SelectMany(row => (byte[])[0, .. row])]);
    }

    private static byte[] Grey(int bits, params long[] values) =>
        TiffFile.Of(values.Length, 1, bits, new TiffFile().Numbers(bits / 8, values));

    private int[] Levels(ImageFolderOptions options) =>
        [.. _context.Diffusion.LoadImages(_folder.Path, options).Data.GetColumn<MLImage>("Image")
            .SelectMany(image => image.Pixels.ToArray().Where((_, i) => i % 4 == 0))
            .Select(level => (int)level)];
}
