using ImageMagick;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>What reports say of copies, and the features that they are found by.</summary>
[TestClass]
public sealed class MemorizationReportTests
{
    private static readonly MLContext _mlContext = new(seed: 1);

    [TestMethod]
    public void PixelFeatures_AreMeansOfEqualParts_WhateverTheSizeAndFormat()
    {
        using var large = Pictures.Grey((x, y) => (byte)(x < 32 ? 51 : y < 16 ? 255 : 0), 64, 32);
        using var small = Pictures.Bars(0, 8, 8, coloured: true);
        using var swapped = MLImage.CreateFromPixels(8, 8, MLPixelFormat.Bgra32, [.. small.Pixels.ToArray().Chunk(4).SelectMany(p => (byte[])[p[2], p[1], p[0], p[3]])]);

        var features = PixelFeatures.Rows(_mlContext, [large, small, swapped]).GetColumn<float[]>("Features").ToArray();

        Assert.HasCount(16 * 16 * 3, features[0]);
        Assert.AreEqual((0.2f, 1f, 0f), (features[0][0], features[0][(8 * 3) + 1], features[0][^1]));
        Assert.AreEqual((230 / 255f, 230 / 255f, 25 / 255f), (features[1][0], features[1][1], features[1][2]));
        CollectionAssert.AreEqual(features[1], features[2]);
    }

    [TestMethod]
    public void Write_Copies_AreBelowThosePicturesThatTheyCopy()
    {
        using var folder = new TemporaryFolder();
        var learned = Enumerable.Range(0, 30).Select(Noise).ToArray();
        var generated = Enumerable.Range(10, 12).Reverse().Select(Noise).ToArray();

        var report = MemorizationReport.Write(_mlContext, PictureFolder.Rows(_mlContext, learned), null, generated, folder.File("nearest.png"));

        StringAssert.StartsWith(report.ToString(), "SUSPICIOUS: 100.0 % of 12 generated images are near copies of one of 30 training images");
        var section = report.ToSection(folder.File("nearest.png"));
        StringAssert.StartsWith(section.Text, "The model seems to repeat training pictures: train it on more of them, or for a shorter time. Above, ");
        Assert.AreEqual(folder.File("nearest.png"), section.PicturePath);
        using var sheet = new MagickImage(folder.File("nearest.png"));
        Assert.AreEqual((91, 19), ((int)sheet.Width, (int)sheet.Height));
        using var pixels = sheet.GetPixels();
        for (var x = 0; x < 91; x++)
        {
            for (var y = 0; y < 9; y++)
            {
                Assert.AreEqual(pixels.GetPixel(x, y).ToColor()!.R, pixels.GetPixel(x, y + 9).ToColor()!.R);
            }
        }
    }

    [TestMethod]
    public void Part_RowsHeldOut_AreApartFromThoseLearned()
    {
        var rows = PictureFolder.Rows(_mlContext, [.. Enumerable.Range(0, 5).Select(Noise)]);
        byte[] First(IDataView part) => [.. part.GetColumn<MLImage>("Image").Select(image => image.Pixels[0])];

        var (learned, heldOut) = PictureFolder.Part(_mlContext, rows, [false, true, false, false, true]);

        byte[] all = First(rows);
        Assert.AreSequenceEqual([all[0], all[2], all[3]], First(learned));
        Assert.AreSequenceEqual([all[1], all[4]], First(heldOut!));
        Assert.AreEqual((rows, null), PictureFolder.Part(_mlContext, rows, new bool[5]));
    }

    [TestMethod]
    public void Write_TwoPictures_SaysWhyTheyAreNotJudged()
    {
        using var folder = new TemporaryFolder();
        var rows = PictureFolder.Rows(_mlContext, [Noise(1), Noise(2)]);

        var report = MemorizationReport.Write(_mlContext, rows, null, [Noise(3)], folder.File("nearest.png"));

        Assert.AreEqual(
            "Not judged: training has 2 distinct rows, but needs at least 3, because the nearest of an image is compared with the next one, and each training image with others.",
            report.ToSection(folder.File("nearest.png")).Text);
        Assert.IsNull(report.ToSection(folder.File("nearest.png")).PicturePath);
        Assert.IsFalse(File.Exists(folder.File("nearest.png")));
    }

    private static MLImage Noise(int seed)
    {
        var random = new Random(seed);
        return Pictures.Grey((_, _) => (byte)random.Next(256));
    }
}
