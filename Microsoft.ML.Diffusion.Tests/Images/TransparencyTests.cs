using System.Drawing;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Runtime;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Alpha, what is behind it, and images of one single colour.</summary>
[TestClass]
public sealed class TransparencyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();
    private readonly List<string> _warnings = [];

    public TransparencyTests() => _context.Log += (_, entry) =>
    {
        if (entry.Kind == ChannelMessageKind.Warning)
        {
            _warnings.Add(entry.RawMessage);
        }
    };

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void LoadImage_AlphaZeroEverywhere_HasNone()
    {
        byte[] expected = [30, 20, 10, 60, 50, 40];

        CollectionAssert.AreEqual(expected, Rgb(PictureFiles.Bmp32(2, 1, [10, 20, 30, 0, 40, 50, 60, 0])), "BMP");
        CollectionAssert.AreEqual(expected, Rgb(PictureFiles.Encode(SKEncodedImageFormat.Png, 2, 1, [30, 20, 10, 0, 60, 50, 40, 0])), "PNG");
        CollectionAssert.AreEqual(
            expected,
            Rgb([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 32, 0x28, 10, 20, 30, 0, 40, 50, 60, 0]),
            "TGA");
    }

    [TestMethod]
    public void LoadImage_Background_IsBehindAndAround()
    {
        var path = _folder.Write("a.png", PictureFiles.Encode(SKEncodedImageFormat.Png, 2, 1, [255, 255, 255, 255, 255, 255, 255, 0]));

        using var image =
            _context.Diffusion.LoadImage(
                path,
                new ImageFolderOptions { Width = 2, Height = 3, Fit = ImageFit.Pad, Background = Color.FromArgb(1, 2, 3) });

        CollectionAssert.AreEqual(
            new byte[] { 1, 2, 3, 255, 1, 2, 3, 255, 255, 255, 255, 255, 1, 2, 3, 255, 1, 2, 3, 255, 1, 2, 3, 255 },
            image.Pixels.ToArray());
    }

    [TestMethod]
    public void LoadImages_WhiteIcons_AreWarnedOfUnlessTheBackgroundIsAnother()
    {
        byte[] icon = [255, 255, 255, 255, 255, 255, 255, 0, 255, 255, 255, 100, 255, 255, 255, 0];
        _folder.Write("icon.png", PictureFiles.Encode(SKEncodedImageFormat.Png, 2, 2, icon));
        _folder.Write("other.png", PictureFiles.Encode(number: 1, width: 2, height: 2));

        var blank = _context.Diffusion.LoadImages(_folder.Path);
        var warned = string.Join('\n', _warnings);
        _warnings.Clear();
        var shown = _context.Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { Background = Color.Black });

        Assert.AreEqual((1, 0), (blank.BlankCount, shown.BlankCount));
        Assert.AreEqual(
            "1 of 2 images are of one single colour, the first 'icon.png': nothing can be learned of them. Transparent images become so over their own colour: set ImageFolderOptions.Background to another.",
            warned);
        Assert.IsEmpty(_warnings);
        var inspection = _context.Diffusion.InspectImages(_folder.Path);
        Assert.AreEqual(1, inspection.BlankCount);
        StringAssert.StartsWith(inspection.ToString(), "Images    2: 1 grey, 1 coloured, 1 OF ONE SINGLE COLOUR\n");
    }

    [TestMethod]
    public void LoadImages_BlankWhereItIsCropped_IsCounted()
    {
        // Black at the left end only, which the middle square leaves out.
        using var image = Pictures.Grey((x, _) => (byte)(x == 0 ? 0 : 255), 16, 4);
        _folder.Write("a.png", PictureFiles.Encode(SKEncodedImageFormat.Png, 16, 4, image.Pixels.ToArray()));

        Assert.AreEqual(0, _context.Diffusion.LoadImages(_folder.Path).BlankCount);
        Assert.AreEqual(1, _context.Diffusion.LoadImages(_folder.Path, imageSize: 4).BlankCount);
        Assert.AreEqual(0, _context.Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { Width = 4, Height = 4, Fit = ImageFit.Pad }).BlankCount);
    }

    [TestMethod]
    public void LoadImages_TransparentBackground_SaysWhatMustHold() =>
        Messages.Expect<ArgumentOutOfRangeException>(
            "Background must be opaque, because it is the colour behind transparent images. Use Color.FromArgb(red, green, blue) or a named colour. (Parameter 'Background')\nActual value was Color [Transparent].",
            () => _context.Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { Background = Color.Transparent }));

    [TestMethod]
    public void ReadRgb_AlphaZeroEverywhere_IsOpaque()
    {
        using var image = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [30, 20, 10, 0, 0, 0, 0, 0]);
        using var black = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, new byte[8]);

        CollectionAssert.AreEqual(new byte[] { 30, 0, 20, 0, 10, 0 }, ImagePixels.ReadRgb(image));
        CollectionAssert.AreEqual(new byte[6], ImagePixels.ReadRgb(black));
    }

    [TestMethod]
    public void Fit_BlankImages_AreWarnedOf()
    {
        var rows = Enumerable.Range(0, 3).Select(i => new Row { Image = Pictures.Grey((x, _) => (byte)(i == 0 ? 255 : 100 * (x % 2))) }).ToArray();
        var data = _context.Data.LoadFromEnumerable(rows);

        using var model = _context.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options with { LabelColumnName = null }).Fit(data);

        Assert.HasCount(
            1,
            _warnings.Where(text => text.StartsWith("1 of 3 images are of one single colour: nothing can be learned of them.", StringComparison.Ordinal)).ToList());
    }

    private byte[] Rgb(byte[] file)
    {
        using var image = _context.Diffusion.LoadImage(_folder.Write("one", file));
        return [.. image.Pixels.ToArray().Where((_, i) => i % 4 != 3)];
    }

    private sealed class Row
    {
        [Microsoft.ML.Transforms.Image.ImageType(Pictures.Side, Pictures.Side)]
        public MLImage Image { get; set; } = null!;
    }
}
