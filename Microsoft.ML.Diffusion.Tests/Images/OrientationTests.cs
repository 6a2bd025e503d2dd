using ImageMagick;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Which way up an image stands: in every format that says so, in every type of number, applied once.</summary>
[TestClass]
public sealed class OrientationTests : IDisposable
{
    private const int Width = 24;
    private const int Height = 8;

    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("JPEG")]
    [DataRow("PNG")]
    [DataRow("DeepPNG")]
    [DataRow("WebP")]
    public void LoadImage_Exif_IsAppliedOnceInEveryTypeAndOrder(string format)
    {
        for (var orientation = 1; orientation <= 8; orientation++)
        {
            foreach (var type in (int[])[1, 3, 4, 6, 8, 9])
            {
                foreach (var isLittle in (bool[])[true, false])
                {
                    var exif = OrientedFiles.Exif(orientation, type, isLittle);

                    var image = Load(OrientedFiles.Of(format, Width, Height, Corners(), exif));

                    Assert.AreEqual(Expected(orientation), image, $"{format}, {orientation} as type {type}, little endian: {isLittle}");
                }
            }
        }
    }

    [TestMethod]
    public void LoadImage_TiffTag_IsAppliedOnceInEveryOrder()
    {
        var greys = Corners().Where((_, i) => i % 4 == 0).ToArray();
        for (var orientation = 1; orientation <= 8; orientation++)
        {
            foreach (var isLittle in (bool[])[true, false])
            {
                Assert.AreEqual(
                    Expected(orientation),
                    Load(TiffFile.Of(Width, Height, 8, greys, isLittle, (274, [orientation]))),
                    $"{orientation}, little endian: {isLittle}");
            }
        }
    }

    [TestMethod]
    [DataRow(MagickFormat.Jpeg)]
    [DataRow(MagickFormat.Tiff)]
    [DataRow(MagickFormat.WebP)]
    public void LoadImage_WrittenByImageMagick_StandsAsItTurnsIt(MagickFormat format)
    {
        foreach (var orientation in (Orientation[])[Orientation.TopRight, Orientation.BottomLeft, Orientation.RightTop, Orientation.LeftBottom])
        {
            using var image = new MagickImage(Corners(), new PixelReadSettings(Width, Height, StorageType.Char, PixelMapping.RGBA));
            image.Alpha(AlphaAction.Off);
            image.Orientation = orientation;
            var profile = new ExifProfile();
            profile.SetValue(ExifTag.Orientation, (ushort)orientation);
            image.SetProfile(profile);

            Assert.AreEqual(Expected((int)orientation), Load(image.ToByteArray(format)), $"{format}, {orientation}");
        }
    }

    [TestMethod]
    [DataRow(new byte[] { 1, 2, 3 })]
    [DataRow(new byte[] { (byte)'I', (byte)'I', (byte)'*', 0, 0xFF, 0xFF, 0xFF, 0xFF })]
    [DataRow(new byte[] { (byte)'M', (byte)'M', 0, (byte)'*', 0, 0, 0, 8, 0xFF, 0xFF, 0x01, 0x12 })]
    public void LoadImage_BrokenExif_IsUpright(byte[] exif)
    {
        foreach (var format in (string[])["JPEG", "PNG", "WebP"])
        {
            Assert.AreEqual(Expected(1), Load(OrientedFiles.Of(format, Width, Height, Corners(), exif)), format);
        }
    }

    [TestMethod]
    public void LoadImage_OrientationOutOfRange_IsUpright() =>
        Assert.AreEqual(Expected(1), Load(OrientedFiles.Of("PNG", Width, Height, Corners(), OrientedFiles.Exif(9, 3, isLittle: true))));

    // Corners of the stored picture: a, b above and c, d below, each of its own grey.
    private static byte[] Corners()
    {
        var rgba = new byte[4 * Width * Height];
        for (var i = 0; i < Width * Height; i++)
        {
            Array.Fill(rgba, (byte)(40 + (60 * ((i % Width < Width / 2 ? 0 : 1) + (i / Width < Height / 2 ? 0 : 2)))), 4 * i, 3);
            rgba[(4 * i) + 3] = 255;
        }

        return rgba;
    }

    // The size and the corners from left to right and from top to bottom, once upright.
    private static string Expected(int orientation) => orientation switch
    {
        1 => "24x8 abcd",
        2 => "24x8 badc",
        3 => "24x8 dcba",
        4 => "24x8 cdab",
        5 => "8x24 acbd",
        6 => "8x24 cadb",
        7 => "8x24 dbca",
        _ => "8x24 bdac",
    };

    private string Load(byte[] file)
    {
        using var image = _context.Diffusion.LoadImage(_folder.Write("a", file));
        var pixels = image.Pixels.ToArray();
        var (right, bottom) = (image.Width - 1, (image.Height - 1) * image.Width);
        var corners = ((int[])[0, right, bottom, bottom + right]).Select(at => "abcd"[(int)Math.Round((pixels[4 * at] - 40) / 60.0)]);
        return $"{image.Width}x{image.Height} {string.Concat(corners)}";
    }
}
