using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>What becomes of each kind of file: the tables of docs/images.md.</summary>
[TestClass]
public sealed class LoadImagesKindsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Png, true, 0)]
    [DataRow(SKEncodedImageFormat.Webp, true, 0)]
    [DataRow(SKEncodedImageFormat.Jpeg, false, 10)]
    public void LoadImages_OrdinaryPicture_IsThePicture(SKEncodedImageFormat format, bool coloured, int tolerance)
    {
        var expected = Rgb(Pictures.Bars(0, coloured: coloured));

        var pixels = Load(PictureFiles.Encode(format, coloured: coloured));

        Assert.IsLessThanOrEqualTo(tolerance, expected.Zip(pixels, (a, b) => Math.Abs(a - b)).Max());
    }

    [TestMethod]
    public void LoadImages_Bmp_IsThePicture() =>
        CollectionAssert.AreEqual(new[] { 3, 2, 1 }, Load(PictureFiles.Bmp(3, 2, 1)));

    [TestMethod]
    public void LoadImages_OnePixel_IsOnePixel() =>
        CollectionAssert.AreEqual(new[] { 10, 20, 30 }, Load(PictureFiles.Encode(SKEncodedImageFormat.Png, 1, 1, [10, 20, 30, 255])));

    [TestMethod]
    public void LoadImages_Transparent_IsCompositedOverWhite() =>
        CollectionAssert.AreEqual(
            new[] { 255, 255, 255, 227, 177, 127, 1, 2, 3 },
            Load(PictureFiles.Encode(SKEncodedImageFormat.Png, 3, 1, [9, 9, 9, 0, 199, 99, 0, 128, 1, 2, 3, 255])));

    [TestMethod]
    public void LoadImages_Grey_IsGrey() =>
        CollectionAssert.AreEqual(new[] { 0, 0, 0, 200, 200, 200 }, Load(PictureFiles.Png(2, 1, 8, 0, [0, 0, 200])));

    [TestMethod]
    public void LoadImages_OneBit_IsBlackAndWhite() =>
        CollectionAssert.AreEqual(new[] { 255, 255, 255, 0, 0, 0 }, Load(PictureFiles.Png(2, 1, 1, 0, [0, 0b1000_0000])));

    [TestMethod]
    public void LoadImages_SixteenBits_KeepsTheUpperEight() =>
        CollectionAssert.AreEqual(new[] { 0x12, 0x80, 0xFF }, Load(PictureFiles.Png(1, 1, 16, 2, [0, 0x12, 0x34, 0x80, 0x00, 0xFF, 0xFF])));

    [TestMethod]
    public void LoadImages_SixteenBitGrey_KeepsTheUpperEight() =>
        CollectionAssert.AreEqual(
            new[] { 0x12, 0x12, 0x12, 0x80, 0x80, 0x80 },
            Load(PictureFiles.Png(2, 1, 16, 0, [0, 0x12, 0x34, 0x80, 0x00])));

    [TestMethod]
    public void LoadImages_Cmyk_IsTheProductOfInkAndBlack()
    {
        var pixels = Load(PictureFiles.CmykJpeg(240, 128, 64, 200));

        Assert.HasCount(3 * 64, pixels);
        CollectionAssert.AreEqual(new[] { 188, 100, 50 }, pixels[..3]); // 240 * 200 / 255, ...
    }

    [TestMethod]
    public void LoadImages_AnimatedGif_IsItsFirstFrame() =>
        CollectionAssert.AreEqual(Enumerable.Repeat(new[] { 255, 0, 0 }, 4).SelectMany(x => x).ToArray(), Load(PictureFiles.AnimatedGif()));

    [TestMethod]
    public void LoadImages_AnimatedWebP_IsItsFirstFrame() =>
        CollectionAssert.AreEqual(Rgb(Pictures.Bars(0, coloured: true)), Load(PictureFiles.AnimatedWebP()));

    [TestMethod]
    [DataRow(1, "24x8", 'a', 'b')]
    [DataRow(2, "24x8", 'b', 'a')]
    [DataRow(3, "24x8", 'd', 'c')]
    [DataRow(4, "24x8", 'c', 'd')]
    [DataRow(5, "8x24", 'a', 'c')]
    [DataRow(6, "8x24", 'c', 'a')]
    [DataRow(7, "8x24", 'd', 'b')]
    [DataRow(8, "8x24", 'b', 'd')]
    public void LoadImages_ExifOrientation_IsApplied(int orientation, string size, char topLeft, char topRight)
    {
        // Corners of the stored picture: a, b above and c, d below, each of its own grey.
        var levels = new Dictionary<char, int> { ['a'] = 40, ['b'] = 100, ['c'] = 160, ['d'] = 220 };
        var rgba = new byte[4 * 24 * 8];
        for (var i = 0; i < 24 * 8; i++)
        {
            var corner = "abcd"[(i % 24 < 12 ? 0 : 1) + (i / 24 < 4 ? 0 : 2)];
            Array.Fill(rgba, (byte)levels[corner], 4 * i, 3);
            rgba[(4 * i) + 3] = 255;
        }

        _folder.Write(
            "a.jpg",
            PictureFiles.WithOrientation(PictureFiles.Encode(SKEncodedImageFormat.Jpeg, 24, 8, rgba), (byte)orientation));
        using var image = Only(new MLContext().Diffusion.LoadImages(_folder.Path));

        Assert.AreEqual(size, $"{image.Width}x{image.Height}");
        Assert.IsLessThan(20, Math.Abs(image.Pixels[0] - levels[topLeft]));
        Assert.IsLessThan(20, Math.Abs(image.Pixels[4 * (image.Width - 1)] - levels[topRight]));
    }

    [TestMethod]
    public void LoadImages_PngNamedJpg_IsRead()
    {
        _folder.Write("a.jpg", PictureFiles.Encode());

        Assert.AreEqual(1, new MLContext().Diffusion.LoadImages(_folder.Path).Count);
    }

    [TestMethod]
    public void LoadImages_FilesThatCannotBeRead_AreSkippedWithTheReason()
    {
        var (png, jpeg, webp, gif) = (
            PictureFiles.Encode(),
            PictureFiles.Encode(SKEncodedImageFormat.Jpeg, width: 64, height: 64),
            PictureFiles.Encode(SKEncodedImageFormat.Webp),
            PictureFiles.AnimatedGif());
        var damaged = (byte[])png.Clone();
        damaged[^20] ^= 0xFF; // in the compressed pixels
        Dictionary<string, (byte[] Content, string Reason)> files = new()
        {
            ["broken-header.png"] = ([.. png[..12], .. new byte[40]], "its PNG data are damaged or cut short"),
            ["cut.gif"] = (gif[..^30], "its GIF data are cut short"),
            ["cut.jpg"] = (jpeg[..^60], "its JPEG data are cut short"),
            ["cut.png"] = (png[..^40], "its PNG data are cut short"),
            ["cut.webp"] = (webp[..^20], "its WebP data are damaged or cut short"),
            ["cut-header.jpg"] = (jpeg[..10], "its JPEG data are damaged or cut short"),
            ["damaged.png"] = (damaged, "its PNG data are damaged"),
            ["empty.png"] = ([], "the file is empty"),
            ["huge.png"] = (PictureFiles.Png(60_000, 60_000, 8, 2, [0]), "it has 60000x60000 pixels, more than MaximumPixels (67108864)"),
            ["icon.ico"] = ([0, 0, 1, 0, 1, 0], "its format is ICO, which cannot be read; convert it to PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA"),
            ["long.png"] = ([.. png, .. new byte[3000]], $"the file has {png.Length + 3000} bytes, more than MaximumFileBytes (3000)"),
            ["noise.jpg"] = (
                [.. Enumerable.Range(7, 200).Select(i => (byte)(i * i))],
                "its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)"),
            ["photo.heic"] = (
                [0, 0, 0, 24, .. "ftypheic"u8, .. new byte[20]],
                "its format is HEIC, which cannot be read; convert it to PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA"),
            ["scan.tif"] = (
                [.. "II*\0"u8, .. new byte[20]],
                "its TIFF data are cut short"),
            ["text.png"] = ([.. "not a picture at all"u8], "its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)"),
        };
        _folder.Write("good.png", png);
        foreach (var (name, (content, _)) in files)
        {
            _folder.Write(name, content);
        }

        var loaded = new MLContext().Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { MaximumFileBytes = 3000 });

        var expected = files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => $"{file.Key}: {file.Value.Reason}");
        Assert.AreEqual(string.Join('\n', expected), string.Join('\n', loaded.Skipped.Select(file => $"{file.Path}: {file.Reason}")));
        Assert.AreEqual(1, loaded.Count);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    [SupportedOSPlatform("linux")]
    public void LoadImages_WithoutPermission_SkipsFileAndFolder()
    {
        _folder.Write("good.png", PictureFiles.Encode());
        File.SetUnixFileMode(_folder.Write("secret.png", PictureFiles.Encode()), UnixFileMode.None);
        _folder.Write("private/a.png", PictureFiles.Encode());
        var hidden = Path.Combine(_folder.Path, "private");
        File.SetUnixFileMode(hidden, UnixFileMode.None);
        LoadedImages? loaded = null;

        OtherUser.Run(
            _folder.Path,
            () => loaded = new MLContext().Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { MaximumDegreeOfParallelism = 1 }));
        File.SetUnixFileMode(hidden, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        CollectionAssert.AreEqual(
            new[] { ("private", "permissions forbid reading the folder"), ("secret.png", "permissions forbid reading the file") },
            loaded!.Skipped.Select(file => (file.Path, file.Reason)).ToArray());
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    [SupportedOSPlatform("linux")]
    public void LoadImages_Pipe_IsNotWaitedFor()
    {
        _folder.Write("good.png", PictureFiles.Encode());
        using (var made = Process.Start("mkfifo", [Path.Combine(_folder.Path, "pipe.png")]))
        {
            made.WaitForExit();
        }

        CollectionAssert.AreEqual(
            new[] { ("pipe.png", "the file is empty") },
            new MLContext().Diffusion.LoadImages(_folder.Path).Skipped.Select(file => (file.Path, file.Reason)).ToArray());
    }

    private int[] Load(byte[] content)
    {
        _folder.Write("a.png", content);
        return Rgb(Only(new MLContext().Diffusion.LoadImages(_folder.Path)));
    }

    private static MLImage Only(LoadedImages loaded) => loaded.Data.GetColumn<MLImage>("Image").Single();

    private static int[] Rgb(MLImage image)
    {
        using (image)
        {
            var pixels = image.Pixels.ToArray();
            Assert.AreEqual(MLPixelFormat.Rgba32, image.PixelFormat);
            Assert.IsTrue(pixels.Where((_, i) => i % 4 == 3).All(alpha => alpha == 255));
            return [.. pixels.Where((_, i) => i % 4 != 3).Select(level => (int)level)];
        }
    }
}
