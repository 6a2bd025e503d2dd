using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Images to bytes, streams and folders.</summary>
[TestClass]
public sealed class ImageFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(MLPixelFormat.Rgba32)]
    [DataRow(MLPixelFormat.Bgra32)]
    public void ToPng_AnyImage_IsWhatSaveWrites(MLPixelFormat format)
    {
        using var image = MLImage.CreateFromPixels(2, 2, format, [1, 2, 3, 255, 100, 50, 0, 128, 0, 0, 0, 0, 255, 255, 255, 255]);
        image.Save(_folder.File("a.png"));

        CollectionAssert.AreEqual(File.ReadAllBytes(_folder.File("a.png")), image.ToPng());
    }

    [TestMethod]
    [DataRow(ImageFileFormat.Png, 50, 0)]
    [DataRow(ImageFileFormat.WebP, 100, 0)]
    [DataRow(ImageFileFormat.WebP, 90, 12)]
    [DataRow(ImageFileFormat.Jpeg, 90, 12)]
    public void Save_Stream_IsTheImage(ImageFileFormat format, int quality, int tolerance)
    {
        using var image = Pictures.Grey((x, y) => (byte)((8 * x) + (20 * y)));
        using var stream = new MemoryStream();

        image.Save(stream, format, quality);

        _folder.Write("a", stream.ToArray());
        using var back = new MLContext().Diffusion.LoadImage(_folder.File("a"));
        Assert.IsLessThanOrEqualTo(tolerance, Pictures.Distance(image, back));
        var start = Convert.ToHexString(stream.ToArray().AsSpan(0, 3));
        Assert.AreEqual(format switch { ImageFileFormat.Png => "89504E", ImageFileFormat.Jpeg => "FFD8FF", _ => "524946" }, start);
    }

    [TestMethod]
    public void Save_JpegOfAlpha_IsOverWhite()
    {
        using var image = MLImage.CreateFromPixels(8, 8, MLPixelFormat.Bgra32, [255, 255, 255, 255, .. new byte[4 * 63]]);
        using var stream = new MemoryStream();

        image.Save(stream, ImageFileFormat.Jpeg);

        _folder.Write("a", stream.ToArray());
        using var back = new MLContext().Diffusion.LoadImage(_folder.File("a"));
        Assert.IsTrue(back.Pixels.ToArray().All(level => level == 255));
    }

    [TestMethod]
    public void SaveImages_List_IsNumberedInOrder()
    {
        MLImage[] images = [.. Enumerable.Range(0, 40).Select(i => Pictures.Grey((x, _) => (byte)(x + (5 * i))))];
        _folder.Write("out/00003.png", [1]);
        _folder.Write("out/00040.png", [2]);

        var files = images.SaveImages(_folder.File("out"));

        CollectionAssert.AreEqual(Enumerable.Range(0, 40).Select(i => Path.Combine(_folder.File("out"), $"{i:D5}.png")).ToArray(), files.ToArray());
        for (var i = 0; i < images.Length; i++)
        {
            CollectionAssert.AreEqual(images[i].ToPng(), File.ReadAllBytes(files[i]));
        }

        Assert.HasCount(41, Directory.GetFileSystemEntries(_folder.File("out")));
        CollectionAssert.AreEqual(new byte[] { 2 }, File.ReadAllBytes(_folder.File("out/00040.png")));
    }

    [TestMethod]
    public void SaveImages_Rows_AreWrittenAsTheyCome()
    {
        var alive = 0;
        IEnumerable<MLImage> Rows()
        {
            for (var i = 0; i < 5; i++)
            {
                using var image = Pictures.Bars(i); // gone when the next is asked for
                Assert.AreEqual(i, _folder.Path.Length > 0 && Directory.Exists(_folder.File("out")) ? Directory.GetFiles(_folder.File("out")).Length : 0);
                alive++;
                yield return image;
            }
        }

        var files = Rows().SaveImages(_folder.File("out"), ImageFileFormat.Jpeg);

        Assert.AreEqual(5, alive);
        Assert.AreEqual(Path.Combine(_folder.File("out"), "00004.jpg"), files[4]);
        Assert.HasCount(5, Directory.GetFiles(_folder.File("out")));
    }

    [TestMethod]
    public void SaveImages_Nothing_MakesTheFolder()
    {
        Assert.IsEmpty(Array.Empty<MLImage>().SaveImages(_folder.File("out")));
        Assert.IsTrue(Directory.Exists(_folder.File("out")));
    }

    [TestMethod]
    public void Save_Impossible_SaysWhy()
    {
        using var image = Pictures.Bars(0);
        var gone = Pictures.Bars(0);
        gone.Dispose();
        var file = _folder.Write("file", [1]);

        StringAssert.StartsWith(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => image.Save(Stream.Null, ImageFileFormat.Jpeg, 0)).Message,
            "quality must be from 1 to 100, because it is a percentage.");
        StringAssert.StartsWith(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new[] { image }.SaveImages(_folder.File("out"), (ImageFileFormat)9)).Message,
            "format must be Png, Jpeg or WebP.");
        Assert.AreEqual("The image is disposed. Save it before.", Assert.ThrowsExactly<ObjectDisposedException>(gone.ToPng).Message);
        Assert.ThrowsExactly<ObjectDisposedException>(() => new[] { image, gone }.SaveImages(_folder.File("half")));
        Assert.AreEqual(
            "images[1]",
            Assert.ThrowsExactly<ArgumentNullException>(() => new[] { image, null! }.SaveImages(_folder.File("null"))).ParamName);
        Assert.Throws<IOException>(() => new[] { image }.SaveImages(file));
        Assert.ThrowsExactly<OperationCanceledException>(
            () => new[] { image }.SaveImages(_folder.File("out"), cancellationToken: new CancellationToken(canceled: true)));
        Assert.IsEmpty(Directory.GetFiles(_folder.Path, ".*", SearchOption.AllDirectories));
    }
}
