using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Counts how often batches go through the network: only for values that are asked for, and once for what outputs share.</summary>
[TestClass]
public sealed class OutputLazinessTests
{
    private const int BatchSize = 4; // of TinyModel
    private const int Drawing = 4; // steps of TinyModel's sampler

    private static readonly MLContext _mlContext = new(seed: 3);
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(ScoringModel.Options, _mlContext);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    [DataRow(0, "Number")]
    [DataRow(Drawing, "Generated")]
    [DataRow(Drawing, "Generated", "GeneratedPixels")]
    [DataRow(ScoringModel.Steps, "Latent")]
    [DataRow(2 * ScoringModel.Steps, "Reconstructed")]
    [DataRow(2 * ScoringModel.Steps, "Error")]
    [DataRow(2 * ScoringModel.Steps, "Latent", "Error", "Reconstructed", "ReconstructedPixels")]
    [DataRow(ScoringModel.Timesteps, "Bits", "Number")]
    [DataRow(Drawing + (2 * ScoringModel.Steps) + ScoringModel.Timesteps, "Bits", "Error", "Generated")]
    public void Read_SomeColumns_CallsTheNetworkForThemOnce(int callsOfABatch, params string[] names)
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, (2 * BatchSize) + 1));

        var calls = CallsOf(() => ReadAll(rows, names));

        Assert.AreEqual(3 * callsOfABatch, calls);
    }

    [TestMethod]
    public void Read_BottleneckFeatures_IsOneCallABatch()
    {
        using var model = _model.WithColumns(new OutputColumnOptions { Latent = "Features", LatentKind = LatentKind.Bottleneck });

        Assert.AreEqual(2, CallsOf(() => ReadAll(model.Transform(Pictures.Rows(_mlContext, 2 * BatchSize)), "Features")));
    }

    [TestMethod]
    public void MoveNext_ColumnsActiveButNotAskedFor_CallsNothing()
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, 50));

        var calls = CallsOf(() =>
        {
            using var cursor = rows.GetRowCursor(rows.Schema);
            var getters =
                rows.Schema.Where(column => column.Type.RawType == typeof(float))
                    .Select(column => cursor.GetGetter<float>(column))
                    .ToArray();
            while (cursor.MoveNext())
            {
            }
        });

        Assert.AreEqual(0, calls);
    }

    [TestMethod]
    public void TakeRows_AfterTheModel_ComputesOneBatch() =>
        Assert.AreEqual(
            ScoringModel.Timesteps,
            CallsOf(() => ReadAll(_mlContext.Data.TakeRows(_model.Transform(Pictures.Rows(_mlContext, 20)), 3), "Bits")));

    [TestMethod]
    public void GetColumn_LeftEarly_ComputesWhatWasReadAlone() => Assert.AreEqual(
        2 * ScoringModel.Timesteps,
        CallsOf(() => _ = _model.Transform(Pictures.Rows(_mlContext, 20)).GetColumn<float>("Bits").Take(BatchSize + 1).ToArray()));

    [TestMethod]
    public void Cursors_Interleaved_DoNotDisturbEachOther()
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, 9));
        var alone = rows.GetColumn<float>("Error").ToArray();
        using var first = rows.GetRowCursor([rows.Schema["Error"]]);
        using var second = rows.GetRowCursor([rows.Schema["Error"], rows.Schema["Number"]]);
        var (getFirst, getSecond) = (first.GetGetter<float>(rows.Schema["Error"]), second.GetGetter<float>(rows.Schema["Error"]));
        var (read, other) = (new List<float>(), 0f);

        for (var i = 0; second.MoveNext() && i < 7; i++)
        {
            getSecond(ref other);
            Assert.AreEqual(alone[i], other);
            if (i % 2 == 0 && first.MoveNext())
            {
                getFirst(ref other);
                read.Add(other);
            }
        }

        second.Dispose();
        while (first.MoveNext())
        {
            getFirst(ref other);
            read.Add(other);
        }

        CollectionAssert.AreEqual(alone, read);
    }

    [TestMethod]
    public void Cursors_OnManyThreads_GiveTheSameValues()
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, 6));
        var alone = rows.GetColumn<float>("Bits").ToArray();

        Parallel.For(0, 4, _ => CollectionAssert.AreEqual(alone, rows.GetColumn<float>("Bits").ToArray()));
    }

    [TestMethod]
    public void Cursor_DisposedInTheMiddleOfABatch_LeavesNoTensors() => Alone.Run(() =>
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, 9));
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (var cursor = rows.GetRowCursor(rows.Schema))
        {
            var (getError, getImage, error, image) =
                (cursor.GetGetter<float>(rows.Schema["Error"]), cursor.GetGetter<MLImage>(rows.Schema["Generated"]), 0f, default(MLImage)!);
            Assert.IsTrue(cursor.MoveNext() && cursor.MoveNext());
            getError(ref error);
            getImage(ref image);
            image.Dispose();
            cursor.Dispose();
        }

        Assert.AreEqual(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    });

    [TestMethod]
    public void PredictionEngine_AllOutputs_SharesTheWorkOfARow()
    {
        var engine = _mlContext.Model.CreatePredictionEngine<Pictures.PictureRow, ScoringModel.Row>(_model, ignoreMissingColumns: true);
        var inRows =
            ScoringModel.Read(
                _mlContext,
                _model.WithColumns(ScoringModel.Columns).Transform(_mlContext.Data.LoadFromEnumerable(new[] { Row(2) })));
        ScoringModel.Row? output = null;

        var calls = CallsOf(() => output = engine.Predict(Row(2)));

        Assert.AreEqual(Drawing + (2 * ScoringModel.Steps) + ScoringModel.Timesteps, calls);
        Assert.AreEqual(inRows[0].Bits, output!.Bits);
        Assert.AreEqual(inRows[0].Error, output.Error);
        Assert.AreNotEqual(engine.Predict(Row(3)).Error, output.Error);
    }

    private static Pictures.PictureRow Row(int number) => new() { Image = Pictures.Bars(number), Number = number };

    private static long CallsOf(Action action)
    {
        var before = _model.Model.Calls.Count;
        action();
        return _model.Model.Calls.Count - before;
    }

    // Asks for every value of the columns, twice.
    private static void ReadAll(IDataView rows, params string[] names)
    {
        using var cursor = rows.GetRowCursor(names.Select(name => rows.Schema[name]));
        var readers = names.Select(name => Reader(cursor, rows.Schema[name])).ToArray();
        while (cursor.MoveNext())
        {
            Array.ForEach([.. readers, .. readers], read => read());
        }
    }

    private static Action Reader(DataViewRow cursor, DataViewSchema.Column column) => column.Type.RawType switch
    {
        var type when type == typeof(MLImage) => Reader<MLImage>(cursor, column),
        var type when type == typeof(float) => Reader<float>(cursor, column),
        var type when type == typeof(int) => Reader<int>(cursor, column),
        _ => Reader<VBuffer<float>>(cursor, column),
    };

    private static Action Reader<TValue>(DataViewRow cursor, DataViewSchema.Column column)
    {
        var get = cursor.GetGetter<TValue>(column);
        return () =>
        {
            TValue value = default!;
            get(ref value);
            (value as IDisposable)?.Dispose();
        };
    }
}
