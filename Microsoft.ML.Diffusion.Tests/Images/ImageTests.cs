using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

[TestClass]
public sealed class ImageTests
{
    [TestMethod]
    public void Create_ThenReadRgb_KeepsEveryPixel()
    {
        var planes = Enumerable.Range(0, 3 * 4 * 5).Select(i => (byte)(i * 4)).ToArray();

        using var image = ImagePixels.Create(planes, new ImageShape(3, 4, 5));

        CollectionAssert.AreEqual(planes, ImagePixels.ReadRgb(image));
        Assert.AreEqual(5, image.Width);
    }

    [TestMethod]
    public void ReadRgb_Transparent_IsCompositedOverWhite()
    {
        using var image = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [0, 0, 0, 0, 100, 50, 0, 128]);

        CollectionAssert.AreEqual(new byte[] { 255, 227, 255, 177, 255, 127 }, ImagePixels.ReadRgb(image));
    }

    [TestMethod]
    public void ReadRgb_AlphaThatCannotBe_IsIgnored()
    {
        // What ConvertToImage makes when it scales: colours with alpha 0.
        using var image = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Bgra32, [10, 20, 30, 0, 0, 0, 0, 0]);

        CollectionAssert.AreEqual(new byte[] { 30, 0, 20, 0, 10, 0 }, ImagePixels.ReadRgb(image));
    }

    [TestMethod]
    public void ReadRgb_UnpaintedEdgeOfResizeImages_RepeatsItsNeighbour()
    {
        // ResizeImages of ML.NET 5.0.1 can leave its last column transparent: 2 pixels and such an edge, in two rows.
        using var image =
            MLImage.CreateFromPixels(
                3,
                2,
                MLPixelFormat.Rgba32,
                [9, 9, 9, 255, 7, 7, 7, 255, 0, 0, 0, 0, 5, 5, 5, 255, 3, 3, 3, 255, 0, 0, 0, 0]);

        CollectionAssert.AreEqual(new byte[] { 9, 7, 7, 5, 3, 3 }, ImagePixels.ReadRgb(image)[..6]);
    }

    [TestMethod]
    public void ToImages_AfterFromBytes_KeepsEveryLevel()
    {
        var levels = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var shape = new ImageShape(1, 16, 16);
        var batch = PixelBatches.FromBytes([levels]);

        using var image = PixelBatches.ToImages(batch, shape)[0];

        CollectionAssert.AreEqual(levels, ImagePixels.ReadRgb(image)[..256]);
        Assert.AreEqual(-1, batch.Values.Min());
        Assert.AreEqual(1, batch.Values.Max());
    }

    [TestMethod]
    public void PixelValues_EveryLevel_IsRoundedOnce()
    {
        var levels = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        double[] expected = [.. levels.Select(level => (level / 127.5) - 1)];

        var batch = PixelBatches.FromBytes([levels, [.. levels.Reverse()]]);

        CollectionAssert.AreEqual(expected, batch[0].ToArray());
        CollectionAssert.AreEqual(expected.Reverse().ToArray(), batch[1].ToArray());
        CollectionAssert.AreEqual(Array.ConvertAll(expected, value => (float)value), PixelValues.ToSingle(levels));
    }

    [TestMethod]
    public void ImageGrid_FillsRowsAndLeavesTheRestWhite()
    {
        var images = Enumerable.Range(0, 3).Select(_ => MLImage.CreateFromPixels(1, 1, MLPixelFormat.Rgba32, [0, 0, 0, 255])).ToList();

        using var grid = ImageGrid.Create(images, columns: 2, padding: 1);

        var red = ImagePixels.ReadRgb(grid)[..25];
        CollectionAssert.AreEqual(
            new byte[]
            {
                255, 255, 255, 255, 255,
                255, 0, 255, 0, 255,
                255, 255, 255, 255, 255,
                255, 0, 255, 255, 255,
                255, 255, 255, 255, 255,
            },
            red);
    }

    [TestMethod]
    public void ImageGrid_SizesDiffer_SaysWhich()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => ImageGrid.Create([Pictures.Bars(0), Pictures.Bars(0, width: 4)], 2));

        Assert.AreEqual(
            "All images of a grid must have the size of the first, 8x8, but image 1 is 4x8. Resize them first. (Parameter 'images')",
            error.Message);
    }

    [TestMethod]
    [DataRow(false, 1)]
    [DataRow(true, 3)]
    public void Fit_ChannelsNotSet_FollowTheImages(bool coloured, int channels)
    {
        var mlContext = new MLContext(seed: 3);

        using var model =
            mlContext.Transforms.DiffusionTrainer("Generated", "Image", Short).Fit(Pictures.Rows(mlContext, coloured: coloured));

        Assert.AreEqual(channels, model.Channels);
    }

    [TestMethod]
    public void Fit_PixelVector_LearnsTheSameAsFromImages()
    {
        var mlContext = new MLContext(seed: 3);
        var rows = Pictures.Rows(mlContext, coloured: true);
        var extracted =
            mlContext.Transforms.ExtractPixels("Pixels", "Image", offsetImage: 127.5f, scaleImage: 1 / 127.5f).Fit(rows).Transform(rows);

        using var fromImages = mlContext.Transforms.DiffusionTrainer("Generated", "Image", Short).Fit(rows);
        using var fromVectors =
            mlContext.Transforms.DiffusionTrainer("Generated", "Pixels", Short with { PixelOffset = 127.5f, PixelScale = 1 / 127.5f })
                .Fit(extracted);

        Assert.AreEqual(Pictures.Digest(fromImages.Generate(2)), Pictures.Digest(fromVectors.Generate(2)));
    }

    private static DiffusionOptions Short => TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 2 } };
}
