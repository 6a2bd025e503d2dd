using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>ML.NET's own operations on rows, before the model and after it.</summary>
[TestClass]
public sealed class CompositionTests
{
    private static readonly MLContext _mlContext = new(seed: 3);
    private static DiffusionTransformer _model = null!;
    private static Dictionary<int, string> _alone = null!;

    [ClassInitialize]
    public static void Train(TestContext context)
    {
        _model = TinyModel.Train(ScoringModel.Options with { SeedColumnName = "Number" }, _mlContext);
        _alone = ScoringModel.Read(_mlContext, _model.Transform(Pictures.Rows(_mlContext, 12)))
            .ToDictionary(row => row.Number, row => row.Describe());
    }

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    public static IEnumerable<object[]> Operations =>
    [
        ["TakeRows", (Func<IDataView, IDataView>)(rows => _mlContext.Data.TakeRows(rows, 5)), 5],
        ["SkipRows", (Func<IDataView, IDataView>)(rows => _mlContext.Data.SkipRows(rows, 5)), 7],
        ["FilterRowsByColumn", (Func<IDataView, IDataView>)(rows => _mlContext.Data.FilterRowsByColumn(rows, "Position", 2, 9)), 7],
        ["FilterByCustomPredicate", (Func<IDataView, IDataView>)(rows =>
            _mlContext.Data.FilterByCustomPredicate<Numbered>(rows, row => row.Number % 3 == 0)), 8],
        ["TrainTestSplit", (Func<IDataView, IDataView>)(rows => _mlContext.Data.TrainTestSplit(rows, 0.5, seed: 1).TestSet), null!],
        ["CrossValidationSplit", (Func<IDataView, IDataView>)(rows => _mlContext.Data.CrossValidationSplit(rows, 3, seed: 1)[1].TrainSet), null!],
    ];

    [TestMethod]
    [DynamicData(nameof(Operations))]
    public void Operation_BeforeTheModelAndAfter_GivesTheSameRows(string name, Func<IDataView, IDataView> operation, int? count)
    {
        var rows = Pictures.Rows(_mlContext, 12);
        rows = _mlContext.Transforms.Conversion.ConvertType("Position", "Number").Fit(rows).Transform(rows);

        var before = ScoringModel.Read(_mlContext, _model.Transform(operation(rows)));
        var after = ScoringModel.Read(_mlContext, operation(_model.Transform(rows)));

        CollectionAssert.AreEqual(before.Select(row => row.Number).ToArray(), after.Select(row => row.Number).ToArray(), name);
        foreach (var row in before.Concat(after))
        {
            Assert.AreEqual(_alone[row.Number], row.Describe(), name);
        }

        Assert.AreEqual(count ?? before.Length, before.Length);
        Assert.IsInRange(1, 11, before.Length);
    }

    [TestMethod]
    public void CrossValidationSplit_OfImages_TrainsOnEachFold()
    {
        foreach (var fold in _mlContext.Data.CrossValidationSplit(Pictures.Rows(_mlContext, 9), 2, seed: 1))
        {
            using var model =
                _mlContext.Transforms.DiffusionTrainer("Generated", "Image", ScoringModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } })
                    .Fit(fold.TrainSet);

            var errors = model.Transform(fold.TestSet).GetColumn<float>("Error").ToArray();

            Assert.AreEqual(9, errors.Length + model.Training!.Images);
            Assert.IsTrue(errors.All(float.IsFinite));
        }
    }

    public static IEnumerable<object[]> Steps =>
    [
        ["Cache", (Func<IDataView, IDataView>)(rows => _mlContext.Data.Cache(rows))],
        ["ShuffleRows", (Func<IDataView, IDataView>)(rows => _mlContext.Data.ShuffleRows(rows, seed: 1))],
        ["SaveAsBinary", (Func<IDataView, IDataView>)SaveAndLoad],
    ];

    [TestMethod]
    [DynamicData(nameof(Steps))]
    public void StepThatDropsImages_KeepsVectorsAndScores(string name, Func<IDataView, IDataView> step)
    {
        var rows =
            _mlContext.Data.CreateEnumerable<Values>(step(_model.Transform(Pictures.Rows(_mlContext, 12))), reuseRowObject: false)
                .OrderBy(row => row.Number)
                .ToList();

        var expected = ScoringModel.Read(_mlContext, _model.Transform(Pictures.Rows(_mlContext, 12)));
        Assert.HasCount(12, rows);
        for (var i = 0; i < rows.Count; i++)
        {
            Assert.AreEqual((expected[i].Bits, expected[i].Error), (rows[i].Bits, rows[i].Error), name);
            CollectionAssert.AreEqual(expected[i].Latent, rows[i].Latent, name);
            CollectionAssert.AreEqual(expected[i].GeneratedPixels, rows[i].GeneratedPixels, name);
            CollectionAssert.AreEqual(expected[i].ReconstructedPixels, rows[i].ReconstructedPixels, name);
        }
    }

    [TestMethod]
    public void SaveAsBinary_KeepsDimensionsAndClassNames()
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, 4));

        var loaded = SaveAndLoad(rows);

        var dimensions = ((VectorDataViewType)loaded.Schema["GeneratedPixels"].Type).Dimensions;
        CollectionAssert.AreEqual(new[] { 1, Pictures.Side, Pictures.Side }, dimensions.ToArray());
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        loaded.Schema["Label"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(new[] { "even", "odd" }, names.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    public void Pixels_BecomeTheGeneratedImageAgain()
    {
        var rows = _model.Transform(Pictures.Rows(_mlContext, 4));
        var toImages =
            _mlContext.Transforms.ConvertToImage(
                Pictures.Side,
                Pictures.Side,
                "Again",
                "GeneratedPixels",
                colorsPresent: Transforms.Image.ImagePixelExtractingEstimator.ColorBits.Red);

        var again = toImages.Fit(rows).Transform(rows);

        var (images, copies) =
            (again.GetColumn<MLImage>("Generated").Select(RedOf).ToArray(), again.GetColumn<MLImage>("Again").Select(RedOf).ToArray());
        for (var i = 0; i < images.Length; i++)
        {
            CollectionAssert.AreEqual(images[i], copies[i]);
        }
    }

    [TestMethod]
    public void Scores_FeedATrainerBehindTheModel()
    {
        var rows = Pictures.Rows(_mlContext, 12);
        var pipeline = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", ScoringModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 2 } })
            .Append(_mlContext.Transforms.Concatenate("Features", "Bits", "Error", "Latent"))
            .Append(_mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Label", "Features"));

        var model = pipeline.Fit(rows);
        var engine = _mlContext.Model.CreatePredictionEngine<Labelled, Prediction>(model, ignoreMissingColumns: true);

        var scores = engine.Predict(new Labelled { Image = Pictures.Bars(1), Number = 1, Label = 2 }).Score;

        Assert.HasCount(2, scores);
        Assert.AreEqual(1, scores.Sum(), 1e-5);
        Assert.AreEqual(
            12,
            _mlContext.MulticlassClassification.Evaluate(model.Transform(rows)).ConfusionMatrix.Counts.Sum(counts => counts.Sum()));
    }

    private static byte[] RedOf(MLImage image) =>
        [.. image.Pixels.ToArray().Chunk(4).Select(pixel => image.PixelFormat == MLPixelFormat.Rgba32 ? pixel[0] : pixel[2])];

    private static IDataView SaveAndLoad(IDataView rows)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("diffusion-").FullName, "rows.idv");
        using (var stream = File.Create(file))
        {
            _mlContext.Data.SaveAsBinary(rows, stream);
        }

        var loaded = _mlContext.Data.Cache(_mlContext.Data.LoadFromBinary(file)); // in memory, so that the file can go
        _ = _mlContext.Data.CreateEnumerable<Values>(loaded, reuseRowObject: true).Count();
        _ = loaded.Preview();
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        return loaded;
    }

    private sealed class Numbered
    {
        public int Number { get; set; }
    }

    private sealed class Values
    {
        public int Number { get; set; }

        public float[] GeneratedPixels { get; set; } = [];

        public float[] ReconstructedPixels { get; set; } = [];

        public float[] Latent { get; set; } = [];

        public float Bits { get; set; }

        public float Error { get; set; }
    }

    private sealed class Labelled
    {
        [Transforms.Image.ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }

        public int Number { get; set; }

        [KeyType(2)]
        public uint Label { get; set; }
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];
    }
}
