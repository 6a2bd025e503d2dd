using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>mlContext.Diffusion.InspectImages: what is in a folder of pictures.</summary>
[TestClass]
public sealed class InspectImagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void InspectImages_Folder_CountsWhatIsThere()
    {
        _folder.Write("dog/1.png", PictureFiles.Encode(width: 12));
        _folder.Write("dog/2.png", PictureFiles.Encode());
        _folder.Write("cat/deep/1.webp", PictureFiles.Encode(SKEncodedImageFormat.Webp, coloured: false));
        _folder.Write("alone.png", PictureFiles.Encode(coloured: false));
        _folder.Write("notes.txt", [.. "notes"u8]);
        _folder.Write("dog/cut.png", PictureFiles.Encode()[..^30]);

        var inspection = _context.Diffusion.InspectImages(_folder.Path);

        Assert.AreEqual((4, 2), (inspection.Count, inspection.GreyCount));
        CollectionAssert.AreEqual(
            new[] { (8, 8, 3), (12, 8, 1) },
            inspection.Sizes.Select(size => (size.Width, size.Height, size.Count)).ToArray());
        CollectionAssert.AreEqual(new[] { ("cat", 1), ("dog", 2) }, inspection.Classes.Select(one => (one.Name, one.Count)).ToArray());
        CollectionAssert.AreEqual(
            new[] { ("dog/cut.png", "its PNG data are cut short"), ("notes.txt", "its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)") },
            inspection.Skipped.Select(file => (file.Path, file.Reason)).ToArray());
        Assert.AreEqual(
            """
            Images    4: 2 grey, 2 coloured
            Sizes     3 of 8x8, 1 of 12x8
            Classes   2: cat 1, dog 2; 1 without
            Skipped   2
            """.ReplaceLineEndings("\n"),
            inspection.ToString());
    }

    [TestMethod]
    public void InspectImages_ManySizes_NamesTheCommonest()
    {
        for (var width = 1; width <= 7; width++)
        {
            _folder.Write($"{width}.png", PictureFiles.Encode(width: width, height: 2));
        }

        var text = _context.Diffusion.InspectImages(_folder.Path).ToString();

        Assert.AreEqual("Sizes     1 of 1x2, 1 of 2x2, 1 of 3x2, 1 of 4x2, 1 of 5x2 and 2 more sizes", text.Split('\n')[1]);
    }

    [TestMethod]
    public void InspectImages_NoPictures_IsNoError()
    {
        var inspection = _context.Diffusion.InspectImages(_folder.Path);

        Assert.AreEqual("Images    0: 0 grey, 0 coloured\nSizes     none\nClasses   none\nSkipped   0", inspection.ToString());
    }

    [TestMethod]
    public void InspectImages_BadInput_IsRefused()
    {
        var missing = _folder.File("nothing");

        Messages.Expect<DirectoryNotFoundException>($"There is no folder '{missing}'.", () => _context.Diffusion.InspectImages(missing));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _context.Diffusion.InspectImages(_folder.Path, new ImageFolderOptions { MaximumPixels = 0 }));
        Assert.ThrowsExactly<OperationCanceledException>(
            () => _context.Diffusion.InspectImages(_folder.Path, new ImageFolderOptions { CancellationToken = new(canceled: true) }));
    }
}
