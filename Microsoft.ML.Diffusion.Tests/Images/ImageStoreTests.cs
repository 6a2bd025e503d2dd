using System.Globalization;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

[TestClass]
public sealed class ImageStoreTests
{
    [TestMethod]
    public void Fit_ImagesBeyondTheLimit_LearnsTheSameAndLeavesNoFile()
    {
        using var folder = new TemporaryFolder();
        var mlContext = new MLContext(seed: 3) { TempFilePath = folder.Path };
        using var inMemory = TinyModel.Train(mlContext: mlContext);

        using var inFile =
            TinyModel.Train(TinyModel.Options with { Training = TinyModel.Options.Training with { MaximumImageMemory = 100 } }, mlContext);

        Assert.AreEqual(Weights.Digest(inMemory), Weights.Digest(inFile));
        Assert.IsEmpty(Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Read_DataLargerThanTheLimit_TakesBoundedMemory()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Memory without pages of files is only known on Linux.");
        }

        const int images = 8192; // 96 MiB

        var inFile = ChildProcess.Run("read", $"{images}", $"{1 << 20}").Split(' ');
        var inMemory = ChildProcess.Run("read", $"{images}", $"{1L << 30}").Split(' ');

        Assert.AreEqual("True", inFile[1]);
        Assert.AreEqual("False", inMemory[1]);
        Assert.AreEqual(inMemory[2], inFile[2]);
        Assert.IsLessThan(32, int.Parse(inFile[0], CultureInfo.InvariantCulture));
        Assert.IsGreaterThan(80, int.Parse(inMemory[0], CultureInfo.InvariantCulture), "the measure measures");
    }

    [TestMethod]
    public void TemporaryFile_HasNoNameWhileItIsOpen()
    {
        using var folder = new TemporaryFolder();
        using var stream = TemporaryFile.Create(folder.Path);

        if (!OperatingSystem.IsWindows())
        {
            Assert.IsEmpty(Directory.GetFiles(folder.Path), "a killed process leaves nothing");
        }
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(500L)]
    [DataRow(1L << 20)]
    public void Builder_FirstColouredImageLate_MakesThoseBeforeColoured(long limit)
    {
        using var folder = new TemporaryFolder();
        using var builder =
            new TrainingSetBuilder(new TrainingSetNeeds(TinyModel.Options.Network, null, limit), null, hasLabels: true, folder.Path);
        var shape = new ImageShape(3, 2, 2);
        for (byte i = 0; i < 100; i++)
        {
            builder.Append(
                new RowImage(i == 70 ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] : [i, 0, 0, 9, i, 0, 0, 9, i, 0, 0, 9], shape),
                i);
        }

        using var set = builder.ToTrainingSet();
        var batch = set.Batch([3, 70, 99]);

        byte[] expected =
            [3, 0, 0, 9, 3, 0, 0, 9, 3, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99, 0, 0, 9, 99, 0, 0, 9, 99, 0, 0, 9];
        CollectionAssert.AreEqual(expected, Array.ConvertAll(batch, value => (byte)Math.Round((value + 1) * 127.5)));
        Assert.AreEqual(limit < 1200, set.IsMapped);
        Assert.AreEqual(99, set.Labels![99]);
    }

    [TestMethod]
    public void Batch_Prefetched_IsWhatItWouldBeOtherwise()
    {
        using var set = Read(Pictures.Rows(new MLContext()), parallelism: 1);
        int[] first = [0, 1, 5];
        int[] second = [7, 2, 2];
        set.Prefetch(first);
        set.Prefetch(second);

        foreach (var indices in (int[][])[first, [4, 4, 1], second])
        {
            var batch = set.Batch(indices);
            CollectionAssert.AreEqual(set.Batch([.. indices]), batch);
        }
    }

    [TestMethod]
    public void Read_SeveralCursors_KeepsTheOrderAndNamesTheRow()
    {
        using var folder = new TemporaryFolder();
        const int count = 300;
        for (var i = 0; i < 4; i++)
        {
            using var picture = Pictures.Grey((x, y) => (byte)((40 * i) + x + y));
            picture.Save(folder.File($"{i}.png"));
        }

        var mlContext = new MLContext();
        var paths =
            mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new PathRow { ImagePath = $"{Picture(i)}.png" }));
        var rows = mlContext.Transforms.LoadImages("Image", folder.Path, "ImagePath").Fit(paths).Transform(paths);
        Assert.IsGreaterThan(1, rows.GetRowCursorSet([rows.Schema["Image"]], 4).Select(Disposed).Count(), "ML.NET splits this cursor");

        using var serial = Read(rows, parallelism: 1);
        using var parallel = Read(rows, parallelism: 4);
        File.WriteAllText(folder.File("3.png"), "not a picture");
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Read(rows, parallelism: 4));

        Assert.AreEqual(serial.Digest(), parallel.Digest());
        StringAssert.StartsWith(error.Message, "Row 203: the image in column 'Image' could not be read (");
    }

    private static int Picture(int row) => row < 200 ? row * 5 % 7 % 3 : row % 4;

    private static TrainingSet Read(IDataView rows, int parallelism) =>
        new TrainingSetReader(
            rows,
            new ImageColumn(rows.Schema["Image"], new PixelEncoding(0, 1)),
            null,
            new TrainingSetNeeds(TinyModel.Options.Network, null, long.MaxValue))
        { Parallelism = parallelism }.Read();

    private static DataViewRowCursor Disposed(DataViewRowCursor cursor)
    {
        cursor.Dispose();
        return cursor;
    }

    private sealed class PathRow
    {
        public string ImagePath { get; set; } = "";
    }
}
