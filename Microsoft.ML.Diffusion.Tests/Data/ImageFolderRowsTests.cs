using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Data;

[TestClass]
public class ImageFolderRowsTests
{
    private const int Count = 3 * IndexedCursor.BlockRows;

    [TestMethod]
    [DataRow(1, null)]
    [DataRow(2, null)]
    [DataRow(3, 7)]
    [DataRow(100, 7)]
    public void CursorSet_RowsByBatch_AreThoseOfOneCursor(int cursors, int? seed)
    {
        using var folder = Folder();
        var rows = new MLContext().Diffusion.LoadImages(folder.Path).Data;
        var (path, one) = (rows.Schema["ImagePath"], new List<string>());
        using (var cursor = rows.GetRowCursor([path], Shuffle()))
        {
            one = [.. Paths(cursor, path).Select(row => row.Path)];
        }

        var set = rows.GetRowCursorSet([path], cursors, Shuffle());
        var found = set.SelectMany(cursor => Paths(cursor, path).ToList()).ToList();

        Assert.HasCount(Math.Min(cursors, 4), set);
        Assert.IsTrue(found.GroupBy(row => row.Batch).All(batch => batch.Count() <= IndexedCursor.BlockRows));
        CollectionAssert.AreEqual(one, found.OrderBy(row => row.Batch).Select(row => row.Path).ToArray());
        Array.ForEach(set, cursor => cursor.Dispose());

        Random? Shuffle() => seed is { } number ? new Random(number) : null;
    }

    [TestMethod]
    public void Read_OnSeveralThreads_GivesTheSameTrainingSet()
    {
        using var folder = Folder();
        var rows = new MLContext().Diffusion.LoadImages(folder.Path).Data;

        using var serial = Read(rows, 1);
        using var parallel = Read(rows, 3);

        Assert.AreEqual(Count + 1, serial.Count);
        Assert.AreEqual(serial.Digest(), parallel.Digest());
    }

    private static TrainingSet Read(IDataView rows, int parallelism) =>
        new TrainingSetReader(
            rows,
            new ImageColumn(rows.Schema["Image"], new PixelEncoding(0, 1)),
            null,
            new TrainingSetNeeds(new UNetOptions(), null, long.MaxValue))
        { Parallelism = parallelism }.Read();

    private static IEnumerable<(long Batch, string Path)> Paths(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        var get = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        var path = default(ReadOnlyMemory<char>);
        while (cursor.MoveNext())
        {
            get(ref path);
            yield return (cursor.Batch, path.ToString());
        }
    }

    private static TemporaryFolder Folder()
    {
        var folder = new TemporaryFolder();
        for (var i = 0; i <= Count; i++)
        {
            File.WriteAllBytes(folder.File($"{i:000}.png"), PictureFiles.Encode(SKEncodedImageFormat.Png, i));
        }

        return folder;
    }
}
