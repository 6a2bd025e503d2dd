using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class EvaluateLikelihoodTests
{
    private static readonly MLContext _mlContext = new(seed: 1);
    private static readonly LikelihoodOptions _options = new() { Seed = 1, BatchSize = 3 };
    private static readonly MLImage[] _images = [.. Enumerable.Range(0, 8).Select(i => Pictures.Bars(i))];
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) =>
        _model = TinyModel.Train(TinyModel.Labelled with { Schedule = NoiseSchedule.Cosine(12) });

    [ClassCleanup]
    public static void Free()
    {
        _model.Dispose();
        Array.ForEach(_images, image => image.Dispose());
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(5)]
    public void EvaluateLikelihood_Rows_AreJudgedLikeImagesInMemory(int? timesteps)
    {
        var options = _options with { NumberOfTimesteps = timesteps };

        var expected = _model.EvaluateLikelihood(_images, options with { Labels = [0, 1, 0, 1, 0, 1, 0, 1] });
        var actual = _mlContext.Diffusion.EvaluateLikelihood(_model, Pictures.Rows(_mlContext), labelColumnName: "Label", options: options);

        GoldenAssert.AreClose(expected.PerImage, actual.PerImage, "per image", relative: 1e-12);
        GoldenAssert.AreClose(
            [expected.Prior, expected.Divergence, expected.Decoder, expected.StandardError],
            [actual.Prior, actual.Divergence, actual.Decoder, actual.StandardError],
            "parts",
            relative: 1e-12);
        CollectionAssert.AreEqual(expected.Timesteps.ToArray(), actual.Timesteps.ToArray());
        var unlabelled = _mlContext.Diffusion.EvaluateLikelihood(_model, Pictures.Rows(_mlContext), options: options);
        Assert.AreEqual(
            _model.EvaluateLikelihood(_images, options).BitsPerDimension,
            unlabelled.BitsPerDimension,
            1e-12 * unlabelled.BitsPerDimension);
    }

    [TestMethod]
    public void EvaluateLikelihood_Vectors_AreJudgedLikeTheImagesTheyWereMadeOf()
    {
        var images = Pictures.Rows(_mlContext);
        var vectors = _mlContext.Transforms.ExtractPixels("Pixels", "Image").Fit(images).Transform(images);

        var expected = _mlContext.Diffusion.EvaluateLikelihood(_model, images, options: _options);
        var actual = _mlContext.Diffusion.EvaluateLikelihood(_model, vectors, "Pixels", options: _options);

        CollectionAssert.AreEqual(expected.PerImage.ToArray(), actual.PerImage.ToArray());
    }

    [TestMethod]
    public void EvaluateLikelihood_RowsOfUnknownNumber_ReportsSharesAndLeavesNoTensors() => Alone.Run(() =>
    {
        var shares = new List<double>();
        var rows = _mlContext.Data.TakeRows(Pictures.Rows(_mlContext), 4);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        _mlContext.Diffusion.EvaluateLikelihood(
            _model,
            rows,
            options: _options with { NumberOfTimesteps = 3, Progress = new Direct<double>(shares.Add) });

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        GoldenAssert.AreClose([0, 1 / 4.0, 2 / 4.0, 3 / 4.0, 1], shares, "shares", absolute: 1e-12);
    });

    [TestMethod]
    public void EvaluateLikelihood_BadInput_SaysWhy()
    {
        var rows = Pictures.Rows(_mlContext);
        Expect<ArgumentOutOfRangeException>("Could not find image column 'Picture'. The columns are: Image (Image<8, 8>), Number (Int32), Class (String), Label (Key<UInt32, 0-1>). (Parameter 'data')", () => Judge(rows, "Picture"));
        Expect<ArgumentOutOfRangeException>(
            "Schema mismatch for image column 'Number': expected Image or Vector<Single> of 8x8 (height, width), got Int32. (Parameter 'data')",
            () => Judge(rows, "Number"));
        Expect<ArgumentOutOfRangeException>("Could not find label column 'Kind'. The columns are: Image (Image<8, 8>), Number (Int32), Class (String), Label (Key<UInt32, 0-1>). (Parameter 'data')", () => Judge(rows, label: "Kind"));
        Expect<ArgumentOutOfRangeException>(
            "Schema mismatch for label column 'Number': expected a key of 2 values, got Int32. (Parameter 'data')",
            () => Judge(rows, label: "Number"));
        Expect<ArgumentOutOfRangeException>(
            "Labels must be null for rows, whose classes are those of labelColumnName. (Parameter 'Labels')\nActual value was 1.",
            () => Judge(rows, options: new() { Labels = [0] }));
        Expect<InvalidOperationException>(
            "Column 'Image' has no rows, but needs at least one image to judge.",
            () => Judge(_mlContext.Data.SkipRows(rows, 100)));
        Expect<ArgumentOutOfRangeException>("Schema mismatch for image column 'Image': expected Image or Vector<Single> of 16x16 (height, width), got Image<8, 8>. (Parameter 'data')", () =>
        {
            using var large =
                _mlContext.Transforms.DiffusionTrainer("Generated", "Image", 16, TinyModel.Options with { Training = new() { NumberOfSteps = 1, BatchSize = 2 } })
                    .Fit(rows).LastTransformer;
            _mlContext.Diffusion.EvaluateLikelihood(large, rows);
        });
    }

    private static void Expect<TException>(string message, Action action)
        where TException : Exception => Messages.Expect<TException>(message, action);

    private static void Judge(IDataView rows, string image = "Image", string? label = null, LikelihoodOptions? options = null) =>
        _mlContext.Diffusion.EvaluateLikelihood(_model, rows, image, label, options);
}
