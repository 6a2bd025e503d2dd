using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Images;

[TestClass]
public sealed class LoadImagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void LoadImages_Folders_AreLabelsInOrdinalOrder()
    {
        foreach (var name in new[] { "dog/b.png", "cat/deep/a.png", "Zebra/z.png", "cat/B.png", "alone.png", ".hidden/h.png", ".hidden.png", "empty/notes.txt" })
        {
            _folder.Write(name, name.EndsWith("png", StringComparison.Ordinal) ? PictureFiles.Encode() : [.. "notes"u8]);
        }

        var loaded = new MLContext().Diffusion.LoadImages(_folder.Path);

        var names = default(VBuffer<ReadOnlyMemory<char>>);
        loaded.Data.Schema["Label"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(new[] { "Zebra", "cat", "dog" }, names.DenseValues().Select(name => name.ToString()).ToArray());
        CollectionAssert.AreEqual(new uint[] { 1, 0, 2, 2, 3 }, loaded.Data.GetColumn<uint>("Label").ToArray());
        var paths =
            loaded.Data.GetColumn<string>("ImagePath")
                .Select(path => Path.GetRelativePath(_folder.Path, path).Replace('\\', '/'))
                .ToArray();
        CollectionAssert.AreEqual(new[] { "Zebra/z.png", "alone.png", "cat/B.png", "cat/deep/a.png", "dog/b.png" }, paths);
        Assert.AreEqual(5, loaded.Count);
        Assert.AreEqual(5L, loaded.Data.GetRowCount());
    }

    [TestMethod]
    public void LoadImages_NoFolders_HasNoLabel()
    {
        _folder.Write("a.png", PictureFiles.Encode(width: 5, height: 3));

        var schema = new MLContext().Diffusion.LoadImages(_folder.Path).Data.Schema;

        CollectionAssert.AreEqual(new[] { "Image", "ImagePath" }, schema.Select(column => column.Name).ToArray());
        var type = (ImageDataViewType)schema["Image"].Type;
        Assert.AreEqual((5, 3), (type.Width, type.Height));
    }

    [TestMethod]
    [DataRow(ImageFit.Crop, "0 32 223 255")]
    [DataRow(ImageFit.Stretch, "0 32 223 255")]
    [DataRow(ImageFit.Pad, "0 32 223 255")]
    public void LoadImages_Size_KeepsLeftAndRight(ImageFit fit, string middle)
    {
        // Black left half, white right half, 16x8 to 4x4. The triangles beside the edge reach a quarter of their width, an eighth of their area, beyond it.
        _folder.Write("a.png", Grey(16, 8, (x, _) => (byte)(x < 8 ? 0 : 255)));

        var rows = Greys(new ImageFolderOptions { Width = 4, Height = 4, Fit = fit });

        Assert.AreEqual(middle, rows[1]);
        Assert.AreEqual(fit == ImageFit.Pad ? "255 255 255 255" : middle, rows[0]);
    }

    [TestMethod]
    public void LoadImages_Crop_TakesTheMiddle()
    {
        // Columns 0 to 7 at 30 times their number; the middle four of 8x4.
        _folder.Write("a.png", Grey(8, 4, (x, _) => (byte)(30 * x)));

        Assert.AreEqual("60 90 120 150", Greys(new ImageFolderOptions { Width = 4, Height = 4 })[0]);
    }

    [TestMethod]
    public void LoadImages_Reduced_IsTheMeanAndNotASample()
    {
        // Stripes of one pixel: what samples single pixels gives 0 or 255.
        _folder.Write("a.png", Grey(64, 64, (x, _) => (byte)(x % 2 * 254)));

        var rows = Greys(new ImageFolderOptions { Width = 4, Height = 4, Fit = ImageFit.Stretch });

        Assert.AreEqual("125 127 127 129", rows[2]); // at the border, the triangle loses a side
    }

    [TestMethod]
    public void LoadImages_Enlarged_IsBilinear()
    {
        _folder.Write("a.png", Grey(2, 1, (x, _) => (byte)(x * 200)));

        Assert.AreEqual("0 50 150 200", Greys(new ImageFolderOptions { Width = 4, Height = 2 })[0]);
    }

    [TestMethod]
    [DataRow(ImageFit.Crop)]
    [DataRow(ImageFit.Pad)]
    public void LoadImages_LongAndThin_TakesMemoryOfTheTargetOnly(ImageFit fit)
    {
        _folder.Write("a.png", PictureFiles.Png(1, 900_000, 8, 0, new byte[1_800_000]));

        var rows = Greys(new ImageFolderOptions { Width = 999, Height = 3, Fit = fit });

        Assert.AreEqual(fit == ImageFit.Pad ? 999 - 1 : 0, rows[1].Split(' ').Count(level => level == "255"));
    }

    [TestMethod]
    public void LoadImages_ThenStepsOfMachineLearning_SeeThePixels()
    {
        _folder.Write("a.png", PictureFiles.Encode(SKEncodedImageFormat.Png, 2, 1, [10, 20, 30, 255, 40, 50, 60, 255]));
        var mlContext = new MLContext();
        var data = mlContext.Diffusion.LoadImages(_folder.Path).Data;

        var pixels = mlContext.Transforms.ExtractPixels("Pixels", "Image").Fit(data).Transform(data).GetColumn<float[]>("Pixels").Single();

        CollectionAssert.AreEqual(new float[] { 10, 40, 20, 50, 30, 60 }, pixels);
    }

    [TestMethod]
    public void LoadImages_Pad_OddRest_IsWhiteAround()
    {
        _folder.Write("a.png", Grey(4, 2, (_, _) => 0));

        var rows = Greys(new ImageFolderOptions { Width = 4, Height = 5, Fit = ImageFit.Pad });

        CollectionAssert.AreEqual(new[] { "255 255 255 255", "0 0 0 0", "0 0 0 0", "255 255 255 255", "255 255 255 255" }, rows);
    }

    [TestMethod]
    public void LoadImages_Grayscale_IsLuma()
    {
        _folder.Write("a.png", PictureFiles.Encode(SKEncodedImageFormat.Png, 1, 1, [100, 200, 50, 255]));

        using var image =
            new MLContext().Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { Grayscale = true }).Data
                .GetColumn<MLImage>("Image")
                .Single();

        CollectionAssert.AreEqual(new byte[] { 153, 153, 153, 255 }, image.Pixels.ToArray()); // 29.9 + 117.4 + 5.7
    }

    [TestMethod]
    public void LoadImages_Shuffled_KeepsRowsTogetherAndIds()
    {
        for (var i = 0; i < 9; i++)
        {
            _folder.Write($"{i}.png", Grey(1, 1, (_, _) => (byte)i));
        }

        var data = new MLContext().Diffusion.LoadImages(_folder.Path).Data;
        using var cursor = data.GetRowCursor(data.Schema, new Random(4));
        var (getImage, getPath, getId) = (
            cursor.GetGetter<MLImage>(data.Schema["Image"]),
            cursor.GetGetter<ReadOnlyMemory<char>>(data.Schema["ImagePath"]),
            cursor.GetIdGetter());
        MLImage image = null!;
        ReadOnlyMemory<char> path = default;
        DataViewRowId id = default;
        List<int> order = [];
        while (cursor.MoveNext())
        {
            getImage(ref image);
            getPath(ref path);
            getId(ref id);
            Assert.AreEqual($"{image.Pixels[0]}.png", Path.GetFileName(path.ToString()));
            Assert.AreEqual((ulong)image.Pixels[0], id.Low);
            order.Add(image.Pixels[0]);
        }

        image.Dispose();
        CollectionAssert.AreNotEqual(Enumerable.Range(0, 9).ToArray(), order);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 9).ToArray(), order);
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
    }

    [TestMethod]
    public void LoadImages_Skipped_IsWarnedOf()
    {
        _folder.Write("good.png", PictureFiles.Encode());
        for (var i = 0; i < 22; i++)
        {
            _folder.Write($"text{i:00}.png", [.. "text"u8]);
        }

        var mlContext = new MLContext();
        List<string> warnings = [];
        mlContext.Log += (_, entry) =>
        {
            if (entry.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
            {
                warnings.Add(entry.RawMessage);
            }
        };

        mlContext.Diffusion.LoadImages(_folder.Path, imageSize: 4);

        Assert.HasCount(21, warnings);
        Assert.AreEqual("Skipped 'text00.png': its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA).", warnings[0]);
        Assert.AreEqual("Skipped 2 more files: LoadedImages.Skipped names all.", warnings[20]);
    }

    [TestMethod]
    public void Fit_LabelledFolder_LearnsTheNames()
    {
        for (var i = 0; i < 8; i++)
        {
            _folder.Write($"{(i % 2 == 0 ? "even" : "odd")}/{i}.png", PictureFiles.Encode(number: i, width: 20, height: 12));
        }

        var mlContext = new MLContext(seed: 3);
        var options = TinyModel.Labelled with { Training = TinyModel.Options.Training with { NumberOfSteps = 2 } };

        using var model =
            mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(mlContext.Diffusion.LoadImages(_folder.Path, 8).Data);

        CollectionAssert.AreEqual(new[] { "even", "odd" }, model.ClassNames.ToArray());
        Assert.AreEqual((8, 8, 3), (model.ImageWidth, model.ImageHeight, model.Channels));
        var rows = model.Transform(mlContext.Diffusion.LoadImages(_folder.Path, 8).Data);
        Assert.HasCount(8, rows.GetColumn<MLImage>("Generated").ToList());
        Assert.AreEqual(
            Pictures.Digest(mlContext.Diffusion.LoadImages(_folder.Path, 8).Data.GetColumn<MLImage>("Image").Take(1)),
            Pictures.Digest(rows.GetColumn<MLImage>("Image").Take(1)));
    }

    [TestMethod]
    public void Fit_FileChangedSince_SaysRowAndFile()
    {
        _folder.Write("a.png", PictureFiles.Encode());
        _folder.Write("b.png", PictureFiles.Encode());
        var mlContext = new MLContext(seed: 3);
        var data = mlContext.Diffusion.LoadImages(_folder.Path).Data;
        var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options);

        _folder.Write("b.png", []);
        Messages.Expect<InvalidOperationException>(
            "Row 1: the image in column 'Image' could not be read ('b.png' has changed since LoadImages: the file is empty). Repair the file or remove the row.",
            () => trainer.Fit(data));

        _folder.Write("b.png", PictureFiles.Encode(width: 4));
        Messages.Expect<InvalidOperationException>(
            "Row 1: the image in column 'Image' could not be read ('b.png' has changed since LoadImages: it is 4x8 now, and was 8x8). Repair the file or remove the row.",
            () => trainer.Fit(data));
    }

    [TestMethod]
    public void LoadImages_SizesDiffer_SaysWhich()
    {
        _folder.Write("a.png", PictureFiles.Encode());
        _folder.Write("b/c.png", PictureFiles.Encode(width: 4));

        Messages.Expect<InvalidOperationException>(
            "Images must have one size where Width and Height are not set, but 'a.png' is 8x8 and 'b/c.png' is 4x8. Set Width and Height.",
            () => new MLContext().Diffusion.LoadImages(_folder.Path));
    }

    [TestMethod]
    public void LoadImages_NothingToRead_SaysWhy()
    {
        Messages.Expect<InvalidOperationException>(
            $"The folder '{_folder.Path}' holds no files, but there must be an image.",
            () => new MLContext().Diffusion.LoadImages(_folder.Path));

        _folder.Write("a.png", []);
        Messages.Expect<InvalidOperationException>(
            $"The folder '{_folder.Path}' holds no image that can be read. Skipped: 1, the first 'a.png', because the file is empty.",
            () => new MLContext().Diffusion.LoadImages(_folder.Path));

        var missing = Path.Combine(_folder.Path, "missing");
        Messages.Expect<DirectoryNotFoundException>(
            $"There is no folder '{missing}'.",
            () => new MLContext().Diffusion.LoadImages(missing));
    }

    [TestMethod]
    public void LoadImages_BadOptions_SayWhatMustHold()
    {
        void Expect<TException>(string message, ImageFolderOptions options)
            where TException : Exception =>
                Messages.Expect<TException>(message, () => new MLContext().Diffusion.LoadImages(_folder.Path, options));

        Expect<ArgumentException>(
            "Width and Height must be set together, because one alone leaves the shape of the images open. (Parameter 'Width')",
            new() { Width = 8 });
        Expect<ArgumentOutOfRangeException>(
            "Width must be from 1 to 16384, because it is the width of images in pixels. (Parameter 'Width')\nActual value was 0.",
            new() { Width = 0, Height = 8 });
        Expect<ArgumentOutOfRangeException>(
            "Height must be from 1 to 16384, because it is the height of images in pixels. (Parameter 'Height')\nActual value was 20000.",
            new() { Width = 8, Height = 20000 });
        Expect<ArgumentOutOfRangeException>(
            "MaximumPixels must be from 1 to 536870897, because pixels are decoded into one array of 4 bytes each. (Parameter 'MaximumPixels')\nActual value was 0.",
            new() { MaximumPixels = 0 });
        Expect<ArgumentOutOfRangeException>(
            "MaximumFileBytes must be from 1 to 2147483647, because a file is read in one piece. (Parameter 'MaximumFileBytes')\nActual value was -1.",
            new() { MaximumFileBytes = -1 });
        Expect<ArgumentOutOfRangeException>(
            "MaximumDegreeOfParallelism must be from 1 to 2147483647, because at least one file must be decoded at a time. (Parameter 'MaximumDegreeOfParallelism')\nActual value was 0.",
            new() { MaximumDegreeOfParallelism = 0 });
        Expect<ArgumentOutOfRangeException>(
            "Fit must be Crop, Pad or Stretch. (Parameter 'Fit')\nActual value was 7.",
            new() { Fit = (ImageFit)7 });
    }

    [TestMethod]
    public void LoadImages_Cancelled_Stops()
    {
        _folder.Write("a.png", PictureFiles.Encode());

        Assert.Throws<OperationCanceledException>(
            () => new MLContext().Diffusion.LoadImages(_folder.Path, new ImageFolderOptions { CancellationToken = new(canceled: true) }));
    }

    private static byte[] Grey(int width, int height, Func<int, int, byte> level)
    {
        using var image = Pictures.Grey(level, width, height);
        return PictureFiles.Encode(SKEncodedImageFormat.Png, width, height, image.Pixels.ToArray());
    }

    /// <summary>The rows of pixels of the one picture, as texts.</summary>
    private string[] Greys(ImageFolderOptions options)
    {
        using var image = new MLContext().Diffusion.LoadImages(_folder.Path, options).Data.GetColumn<MLImage>("Image").Single();
        var reds = image.Pixels.ToArray().Where((_, i) => i % 4 == 0);
        return [.. reds.Chunk(image.Width).Select(row => string.Join(' ', row))];
    }
}
