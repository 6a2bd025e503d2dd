using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class SchemaTests
{
    private static readonly MLContext _mlContext = new(seed: 3);
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Labelled, _mlContext);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Transform_DeliversThePromisedSchema()
    {
        var rows = Pictures.Rows(_mlContext);
        var estimator = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Labelled);

        var promised = estimator.GetOutputSchema(Schemas.Shape(rows.Schema));
        var delivered = Schemas.Shape(_model.Transform(rows).Schema);

        CollectionAssert.AreEquivalent(Schemas.Describe(promised), Schemas.Describe(delivered));
        CollectionAssert.AreEquivalent(Schemas.Describe(delivered), Schemas.Describe(Schemas.Shape(_model.GetOutputSchema(rows.Schema))));
        Assert.AreEqual(new ImageDataViewType(Pictures.Side, Pictures.Side), _model.GetOutputSchema(rows.Schema)["Generated"].Type);
    }

    [TestMethod]
    public void Transform_PassesColumnsThrough()
    {
        var rows = Pictures.Rows(_mlContext, 11);
        var transformed = _model.Transform(rows);

        var read = _mlContext.Data.CreateEnumerable<Output>(transformed, reuseRowObject: false).ToList();

        CollectionAssert.AreEqual(Enumerable.Range(0, 11).ToArray(), read.Select(row => row.Number).ToArray());
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 11).Select(i => i % 2 == 0 ? "even" : "odd").ToArray(),
            read.Select(row => row.Class).ToArray());
        for (var i = 0; i < read.Count; i++)
        {
            Assert.AreEqual(Pictures.Digest([Pictures.Bars(i)]), Pictures.Digest([read[i].Image!]), $"row {i}");
        }
    }

    [TestMethod]
    public void Transform_RowN_IsImageNOfTheSeed()
    {
        var labels = Enumerable.Range(0, 6).Select(i => i % 2).ToArray();
        var rows = _model.Transform(Pictures.Rows(_mlContext, 6));

        var inRows = _mlContext.Data.CreateEnumerable<Output>(rows, reuseRowObject: false).Select(row => row.Generated!).ToList();

        Assert.AreEqual(Pictures.Digest(_model.Generate(labels)), Pictures.Digest(inRows));
    }

    [TestMethod]
    public void Transform_WithoutAnySeed_GivesARowOneImage()
    {
        var mlContext = new MLContext();
        using var model =
            TinyModel.Train(TinyModel.Options with { Generation = TinyModel.Options.Generation with { Seed = null } }, mlContext);
        var rows = model.Transform(Pictures.Rows(mlContext, 6));

        var first = mlContext.Data.CreateEnumerable<Output>(rows, reuseRowObject: false).Select(row => row.Generated!);
        var second = mlContext.Data.CreateEnumerable<Output>(rows, reuseRowObject: false).Select(row => row.Generated!);

        Assert.AreEqual(Pictures.Digest(first), Pictures.Digest(second));
    }

    [TestMethod]
    public void Transform_ColumnNotAskedFor_DrawsNothing()
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, 100_000));
        using var cursor = rows.GetRowCursor([rows.Schema["Number"], rows.Schema["Generated"]]);
        var getNumber = cursor.GetGetter<int>(rows.Schema["Number"]);
        var (number, sum) = (0, 0L);

        while (cursor.MoveNext())
        {
            getNumber(ref number);
            sum += number;
        }

        // 100,000 pictures would take minutes: the column is active, but nobody asked for a value.
        Assert.AreEqual(99_999L * 100_000 / 2, sum);
    }

    [TestMethod]
    public void Transform_SeedColumn_DecidesTheImage()
    {
        using var model = TinyModel.Train(TinyModel.Options with { SeedColumnName = "Number" }, _mlContext);
        var rows =
            model.Transform(
                _mlContext.Data.LoadFromEnumerable(new[] { new SeedRow { Number = 7 }, new SeedRow { Number = 2 }, new SeedRow { Number = 7 } }));

        var images =
            _mlContext.Data.CreateEnumerable<Output>(rows, reuseRowObject: false, ignoreMissingColumns: true)
                .Select(row => row.Generated!)
                .ToList();

        var first = Pictures.Digest([images[0]]);
        Assert.AreEqual(first, Pictures.Digest([images[2]]));
        Assert.AreNotEqual(first, Pictures.Digest([images[1]]));
    }

    [TestMethod]
    public void WithColumns_SeedColumnOfALoadedModel_DecidesTheImage_AndIsSaved()
    {
        using var loaded = Reloaded(_model);
        using var seeded = loaded.WithColumns(new OutputColumnOptions(), seedColumnName: "Number");
        using var saved = Reloaded(seeded);
        var rows = _mlContext.Data.LoadFromEnumerable(new[] { new SeedRow { Number = 7 }, new SeedRow { Number = 2 }, new SeedRow { Number = 7 } });
        string[] Drawn(DiffusionTransformer model) => Pictures.Digests(model.Transform(rows).GetColumn<MLImage>("Generated"));
        var expected = Pictures.Digests(_model.Generate(8));

        CollectionAssert.AreEqual(expected[..3], Drawn(loaded), "by the rows' ids");
        CollectionAssert.AreEqual(new[] { expected[7], expected[2], expected[7] }, Drawn(seeded));
        CollectionAssert.AreEqual(Drawn(seeded), Drawn(saved));
        using var kept = seeded.WithColumns(new OutputColumnOptions { GeneratedPixels = "Pixels" });
        CollectionAssert.AreEqual(Drawn(seeded), Drawn(kept), "it stays unless another is named");

        using var other = loaded.WithColumns(new OutputColumnOptions(), seedColumnName: "number");
        Assert.AreEqual(
            "Could not find seed column 'number'. Did you mean 'Number'? The columns are: Number (Int32). (Parameter 'inputSchema')",
            Assert.Throws<ArgumentOutOfRangeException>(() => other.Transform(rows)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => loaded.WithColumns(new OutputColumnOptions(), seedColumnName: new string('x', 1_001)));

        DiffusionTransformer Reloaded(DiffusionTransformer model)
        {
            using var stream = new MemoryStream();
            _mlContext.Model.Save(model, null, stream);
            stream.Position = 0;
            return _mlContext.Model.Load(stream, out _).GetDiffusion();
        }
    }

    [TestMethod]
    public void PredictionEngine_GivesAnImage()
    {
        var engine = _mlContext.Model.CreatePredictionEngine<Pictures.PictureRow, Output>(
            _mlContext.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(Pictures.Rows(_mlContext)).Append(_model));

        using var image = engine.Predict(new Pictures.PictureRow { Image = Pictures.Bars(0), Class = "odd" }).Generated;

        Assert.AreEqual(Pictures.Side, image!.Width);
    }

    [TestMethod]
    [DataRow("Nowhere", "Could not find input column 'Nowhere'. The columns are: Image (Image<8, 8>), Number (Int32), Class (String), Label (Key<UInt32, 0-1>). (Parameter 'inputSchema')")]
    [DataRow("image", "Could not find input column 'image'. Did you mean 'Image'? The columns are: Image (Image<8, 8>), Number (Int32), Class (String), Label (Key<UInt32, 0-1>). (Parameter 'inputSchema')")]
    [DataRow("Number", "Schema mismatch for input column 'Number': expected Image or Vector<Single> with dimensions [channels, height, width], got Int32. (Parameter 'inputSchema')")]
    public void BadInputColumn_FailsInGetOutputSchemaAndFit(string column, string message)
    {
        var rows = Pictures.Rows(_mlContext);
        var estimator = _mlContext.Transforms.DiffusionTrainer("Generated", column, TinyModel.Options);

        Assert.AreEqual(
            message.Replace("Key<UInt32, 0-1>", "Key<UInt32>", StringComparison.Ordinal), // how many keys there are is not promised
            Assert.Throws<ArgumentOutOfRangeException>(() => estimator.GetOutputSchema(Schemas.Shape(rows.Schema))).Message);
        Assert.AreEqual(message, Assert.Throws<ArgumentOutOfRangeException>(() => estimator.Fit(rows)).Message);
    }

    [TestMethod]
    [DataRow("Nowhere", "Could not find label column 'Nowhere'. The columns are: Image (Image<8, 8>), Number (Int32), Class (String), Label (Key<UInt32, 0-1>). (Parameter 'inputSchema')")]
    [DataRow("Class", "Schema mismatch for label column 'Class': expected Key<UInt32>, Key<Byte>, Key<UInt16> or Key<UInt64>, got String. Make keys of it before the trainer: mlContext.Transforms.Conversion.MapValueToKey(\"Class\").Append(trainer). (Parameter 'inputSchema')")]
    public void BadLabelColumn_FailsInGetOutputSchemaAndFit(string column, string message)
    {
        var rows = Pictures.Rows(_mlContext);
        var estimator = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options with { LabelColumnName = column });

        Assert.AreEqual(
            message.Replace("Key<UInt32, 0-1>", "Key<UInt32>", StringComparison.Ordinal), // how many keys there are is not promised
            Assert.Throws<ArgumentOutOfRangeException>(() => estimator.GetOutputSchema(Schemas.Shape(rows.Schema))).Message);
        Assert.AreEqual(message, Assert.Throws<ArgumentOutOfRangeException>(() => estimator.Fit(rows)).Message);
    }

    [TestMethod]
    [DataRow("Nowhere", "Could not find seed column 'Nowhere'. The columns are: Image (Image<8, 8>), Number (Int32), Class (String), Label (Key<UInt32, 0-1>). (Parameter 'inputSchema')")]
    [DataRow("Class", "Schema mismatch for seed column 'Class': expected Int64, UInt32, Int32, UInt16, Int16, Byte or SByte, got String. (Parameter 'inputSchema')")]
    [DataRow("Label", "Schema mismatch for seed column 'Label': expected Int64, UInt32, Int32, UInt16, Int16, Byte or SByte, got Key<UInt32, 0-1>. (Parameter 'inputSchema')", "Schema mismatch for seed column 'Label': expected Int64, UInt32, Int32, UInt16, Int16, Byte or SByte, got Key<UInt32>. (Parameter 'inputSchema')")]
    public void BadSeedColumn_FailsInGetOutputSchemaAndFit(string column, string message, string? promised = null)
    {
        var rows = Pictures.Rows(_mlContext);
        var estimator = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options with { SeedColumnName = column });

        Assert.AreEqual(
            (promised ?? message).Replace("Key<UInt32, 0-1>", "Key<UInt32>", StringComparison.Ordinal),
            Assert.Throws<ArgumentOutOfRangeException>(() => estimator.GetOutputSchema(Schemas.Shape(rows.Schema))).Message);
        Assert.AreEqual(message, Assert.Throws<ArgumentOutOfRangeException>(() => estimator.Fit(rows)).Message);
    }

    private sealed class SeedRow
    {
        public int Number { get; set; }
    }

    private sealed class Output
    {
        public int Number { get; set; }

        public string Class { get; set; } = "";

        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }

        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Generated { get; set; }
    }
}
