using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>mlContext.Diffusion.LoadImage: one picture, as LoadImages loads it.</summary>
[TestClass]
public sealed class LoadImageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void LoadImage_NoOptions_KeepsEveryPixel()
    {
        var path = _folder.Write("a.png", PictureFiles.Encode(number: 1, width: 7, height: 5));
        using var expected = Pictures.Bars(1, 7, 5, coloured: true);

        using var image = _context.Diffusion.LoadImage(path);

        Assert.AreEqual((7, 5), (image.Width, image.Height));
        CollectionAssert.AreEqual(expected.Pixels.ToArray(), image.Pixels.ToArray());
    }

    [TestMethod]
    [DataRow(ImageFit.Crop)]
    [DataRow(ImageFit.Pad)]
    [DataRow(ImageFit.Stretch)]
    public void LoadImage_Size_IsTheRowOfLoadImages(ImageFit fit)
    {
        var path =
            _folder.Write("a.jpg", PictureFiles.WithOrientation(PictureFiles.Encode(SKEncodedImageFormat.Jpeg, width: 24, height: 16), 6));
        var options = new ImageFolderOptions { Width = 8, Height = 4, Fit = fit, Grayscale = true };
        var row =
            _context.Diffusion.LoadImages(_folder.Path, options).Data
                .GetColumn<MLImage>("Image")
                .Select(picture => picture.Pixels.ToArray())
                .First();

        using var image = _context.Diffusion.LoadImage(path, options);

        Assert.AreEqual((8, 4), (image.Width, image.Height));
        CollectionAssert.AreEqual(row, image.Pixels.ToArray());
    }

    [TestMethod]
    public void LoadImage_NoPicture_SaysWhy()
    {
        var text = _folder.Write("a.png", [.. "notes"u8]);
        var large = _folder.Write("b.png", PictureFiles.Encode());

        Messages.Expect<FormatException>(
            $"The image {text} cannot be used: its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA).",
            () => _context.Diffusion.LoadImage(text));
        Messages.Expect<FormatException>(
            $"The image {large} cannot be used: it has 8x8 pixels, more than MaximumPixels (63).",
            () => _context.Diffusion.LoadImage(large, new ImageFolderOptions { MaximumPixels = 63 }));
    }

    [TestMethod]
    public void LoadImage_BadInput_IsRefused()
    {
        Assert.ThrowsExactly<FileNotFoundException>(() => _context.Diffusion.LoadImage(_folder.File("nothing.png")));
        Assert.ThrowsExactly<ArgumentException>(() => _context.Diffusion.LoadImage(""));
        Messages.Expect<ArgumentException>(
            "Width and Height must be set together, because one alone leaves the shape of the images open. (Parameter 'Width')",
            () => _context.Diffusion.LoadImage("a.png", new ImageFolderOptions { Width = 8 }));
    }
}
