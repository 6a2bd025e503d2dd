using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class GenerateDataViewTests
{
    private static readonly MLContext _mlContext = new(seed: 1);
    private static readonly GenerationOptions _options = new() { Sampler = new DdimSampler(2, eta: 1), BatchSize = 4, Seed = 9 };
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Labelled);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void GenerateDataView_Rows_AreThoseOfGenerate()
    {
        int[] labels = [1, 0, -1];
        var rows = _mlContext.Diffusion.GenerateDataView(_model, 10, labels, _options);

        string[] expected = Pictures.Digests(_model.Generate([.. Enumerable.Range(0, 10).Select(i => labels[i % 3])], _options));
        CollectionAssert.AreEqual(expected, Images(rows));
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 10).Select(i => (uint)(labels[i % 3] + 1)).ToArray(),
            rows.GetColumn<uint>("Label").ToArray());
        Assert.AreEqual(10L, rows.GetRowCount());
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        rows.Schema["Label"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(_model.ClassNames.ToArray(), names.DenseValues().Select(name => name.ToString()).ToArray());
        Assert.AreEqual(new ImageDataViewType(8, 8), rows.Schema["Image"].Type);
    }

    [TestMethod]
    public void GenerateDataView_ClassNames_AreTheirIndices()
    {
        var byName = _mlContext.Diffusion.GenerateDataView(_model, 4, _model.ClassNames, _options);

        CollectionAssert.AreEqual(Images(_mlContext.Diffusion.GenerateDataView(_model, 4, [0, 1], _options)), Images(byName));
    }

    [TestMethod]
    public void GenerateDataView_SeveralCursorsAndShuffling_GiveEachRowItsImage()
    {
        var rows = _mlContext.Diffusion.GenerateDataView(_model, 10, options: _options);
        var expected = Images(rows);
        using var plain = rows.GetRowCursor(rows.Schema);
        using var shuffled = rows.GetRowCursor(rows.Schema, new Random(5));
        List<ulong> ids = [];
        while (shuffled.MoveNext())
        {
            Assert.IsTrue(plain.MoveNext());
            Assert.AreEqual(expected[(int)Id(plain)], Image(plain));
            Assert.AreEqual(expected[(int)Id(shuffled)], Image(shuffled));
            ids.Add(Id(shuffled));
        }

        CollectionAssert.AreNotEqual(Enumerable.Range(0, 10).Select(i => (ulong)i).ToArray(), ids);
        Assert.AreEqual(10, ids.Distinct().Count());
        Assert.IsFalse(shuffled.MoveNext());
    }

    [TestMethod]
    public void GenerateDataView_RowsNotAskedFor_AreNotDrawn()
    {
        var steps = 0;
        var rows = _mlContext.Diffusion.GenerateDataView(_model, 1_000_000, [0, 1], _options with { Observer = _ => steps++ });

        Assert.HasCount(1_000_000, rows.GetColumn<uint>("Label"));
        Assert.AreEqual(0, steps);

        using (var cursor = rows.GetRowCursor(rows.Schema))
        {
            for (var row = 0; row < 500_001; row++)
            {
                Assert.IsTrue(cursor.MoveNext());
            }

            Image(cursor);
            Image(cursor);
        }

        Assert.AreEqual(2, steps, "one batch of two steps");
    }

    [TestMethod]
    public void GenerateDataView_InAPipeline_TrainsAClassifier()
    {
        var rows = _mlContext.Diffusion.GenerateDataView(_model, 8, [0, 1], _options);
        var pipeline = _mlContext.Transforms.ExtractPixels("Features", "Image")
            .AppendCacheCheckpoint(_mlContext)
            .Append(_mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
            .Append(_mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

        var predicted = pipeline.Fit(rows).Transform(rows).GetColumn<string>("PredictedLabel").Distinct();

        CollectionAssert.IsSubsetOf(predicted.ToArray(), _model.ClassNames.ToArray());
    }

    [TestMethod]
    public void GenerateDataView_EarlyDisposal_LeavesNoTensors() => Alone.Run(() =>
    {
        var rows = _mlContext.Diffusion.GenerateDataView(_model, 10, options: _options);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (var cursor = rows.GetRowCursor(rows.Schema))
        {
            cursor.MoveNext();
            Image(cursor);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    });

    [TestMethod]
    public void GenerateDataView_BadInput_SaysWhy()
    {
        Expect<ArgumentOutOfRangeException>(
            "count must be at least 1, because it is the number of images to generate. (Parameter 'count')\nActual value was 0.",
            () => _mlContext.Diffusion.GenerateDataView(_model, 0));
        Expect<ArgumentException>(
            "labels must name at least one class to generate; leave it null to generate without. (Parameter 'labels')",
            () => _mlContext.Diffusion.GenerateDataView(_model, 1, Array.Empty<int>()));
        Expect<ArgumentException>(
            "classNames must name at least one class to generate. (Parameter 'classNames')",
            () => _mlContext.Diffusion.GenerateDataView(_model, 1, Array.Empty<string>()));
        Expect<ArgumentOutOfRangeException>(
            "labels must be from 0 to 1, or -1 for none, because the model knows 2 classes. (Parameter 'labels')\nActual value was 2.",
            () => _mlContext.Diffusion.GenerateDataView(_model, 1, [2]));
        Expect<ArgumentException>(
            "labelColumnName must differ from imageColumnName, but both are 'A'. (Parameter 'labelColumnName')",
            () => _mlContext.Diffusion.GenerateDataView(_model, 1, imageColumnName: "A", labelColumnName: "A"));
        Expect<InvalidOperationException>("The cursor is not on a row: call MoveNext first.", () =>
        {
            var rows = _mlContext.Diffusion.GenerateDataView(_model, 1);
            using var cursor = rows.GetRowCursor(rows.Schema);
            Image(cursor);
        });
    }

    private static void Expect<TException>(string message, Action action)
        where TException : Exception => Messages.Expect<TException>(message, action);

    private static string[] Images(IDataView rows)
    {
        using var cursor = rows.GetRowCursor([rows.Schema["Image"]]);
        List<string> images = [];
        while (cursor.MoveNext())
        {
            images.Add(Image(cursor));
        }

        return [.. images];
    }

    private static string Image(DataViewRowCursor cursor)
    {
        MLImage image = null!;
        cursor.GetGetter<MLImage>(cursor.Schema["Image"])(ref image);
        return Pictures.Digest([image]);
    }

    private static ulong Id(DataViewRowCursor cursor)
    {
        var id = default(DataViewRowId);
        cursor.GetIdGetter()(ref id);
        return id.Low;
    }
}
