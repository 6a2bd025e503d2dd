using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Whose an image is: what callers keep stays whole, and what they have disposed is named.</summary>
[TestClass]
public sealed class ImageOwnershipTests
{
    private static readonly MLContext _mlContext = new(seed: 3);
    private static readonly DiffusionTransformer _model = TinyModel.Train(
        TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 }, OutputColumns = ScoringModel.Columns });

    [TestMethod]
    public void CreateEnumerable_KeptRows_HoldWholeImages()
    {
        var rows = _mlContext.Data.CreateEnumerable<Row>(_model.Transform(Rows(10)), reuseRowObject: false, ignoreMissingColumns: true).ToArray();

        Assert.HasCount(10, rows.Select(row => row.Generated!.Pixels.Length).Where(length => length == 256).ToList());
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 10).Select(i => Pictures.Digest([Pictures.Bars(i)])).ToList(),
            rows.Select(row => Pictures.Digest([row.Image!])).ToList());
    }

    [TestMethod]
    public void GetColumn_KeptImages_AreWhole()
    {
        var images = _mlContext.Diffusion.GenerateDataView(_model, 6).GetColumn<MLImage>("Image").ToArray();

        Assert.AreEqual(Pictures.Digest(_model.Generate(6)), Pictures.Digest(images));
    }

    [TestMethod]
    public void Getter_TwiceForOneRow_GivesTwoImages()
    {
        var rows = _model.Transform(Rows(3));
        using var cursor = rows.GetRowCursor(rows.Schema);
        var (first, second) = (cursor.GetGetter<MLImage>(rows.Schema["Image"]), cursor.GetGetter<MLImage>(rows.Schema["Image"]));
        for (var i = 0; cursor.MoveNext(); i++)
        {
            MLImage a = null!, b = null!;
            first(ref a);
            var digest = Pictures.Digest([a]); // disposes it
            second(ref b);
            Assert.AreEqual(digest, Pictures.Digest([b]));
            Assert.AreEqual(digest, Pictures.Digest([Pictures.Bars(i)]));
        }
    }

    [TestMethod]
    public void Rows_WithADisposedImage_NameRowAndColumn()
    {
        const string Expected =
            "Row 2: the image in column 'Image' is disposed. Make the images anew for each reading of the rows, such as by Select, or dispose them after the last; ResizeImages disposes those that have its size already.";
        var rows = WithDisposed(2);

        Assert.AreEqual(Expected, Fault(() => TinyModel.Options.Fit(rows)));
        Assert.AreEqual(Expected, Fault(() => _model.Transform(rows).GetColumn<float>("Error").ToList()));
        Assert.AreEqual(Expected, Fault(() => _mlContext.Data.CreateEnumerable<Passed>(_model.Transform(rows), reuseRowObject: false, ignoreMissingColumns: true).ToList()));
        Assert.AreEqual(Expected, Fault(() => _mlContext.Diffusion.EvaluateLikelihood(_model, rows, options: new LikelihoodOptions { NumberOfTimesteps = 3 })));
        var greys = _mlContext.Transforms.ConvertToGrayscale("Image").Fit(rows).Transform(rows);
        Assert.AreEqual(Expected, Fault(() => TinyModel.Options.Fit(greys)), "a step before has met it");
    }

    [TestMethod]
    public void Rows_WhoseImagesResizeImagesHasDisposed_AreNamed()
    {
        var rows = Kept(4);
        var resized = _mlContext.Transforms.ResizeImages("Image", Pictures.Side, Pictures.Side).Fit(rows).Transform(rows);
        using (TinyModel.Options.Fit(resized))
        {
            StringAssert.StartsWith(Fault(() => TinyModel.Options.Fit(rows)), "Row 0: the image in column 'Image' is disposed.");
        }
    }

    [TestMethod]
    public void PredictionEngine_ADisposedImage_IsNamed()
    {
        using var engine = _mlContext.Model.CreatePredictionEngine<Passed, Scored>(_model, new PredictionEngineOptions { OwnsTransformer = false, IgnoreMissingColumns = true });
        var image = Pictures.Bars(0);
        image.Dispose();

        StringAssert.Contains(Fault(() => engine.Predict(new Passed { Image = image })), "the image in column 'Image' is disposed.");
    }

    [TestMethod]
    public void Calls_WithADisposedImage_NameIt()
    {
        using var alive = Pictures.Bars(0);
        var dead = Pictures.Bars(1);
        dead.Dispose();
        MLImage[] images = [alive, dead];

        Action[] calls =
        [
            () => _model.Encode(images),
            () => _model.ImageToImage(images, 0.5),
            () => _model.Inpaint(images, [alive]),
            () => _model.AddNoise(images, 1),
            () => _model.ReconstructionError(images),
            () => _model.EvaluateLikelihood(images),
            () => ImageGrid.Create(images, 1),
        ];
        foreach (var call in calls)
        {
            Assert.AreEqual("images[1] is disposed. Dispose it after the call. (Parameter 'images')", Assert.ThrowsExactly<ArgumentException>(call).Message);
        }

        Assert.AreEqual(
            "masks[0] is disposed. Dispose it after the call. (Parameter 'masks')",
            Assert.ThrowsExactly<ArgumentException>(() => _model.Inpaint([alive], [dead])).Message);
        Assert.AreEqual(
            "imageB is disposed. Dispose it after the call. (Parameter 'imageB')",
            Assert.ThrowsExactly<ArgumentException>(() => _model.Interpolate(alive, dead, 3)).Message);
        Assert.AreEqual(
            "pairs[0].ImageA is disposed. Dispose it after the call. (Parameter 'pairs')",
            Assert.ThrowsExactly<ArgumentException>(() => _model.InterpolateGrid([(dead, alive)], [0.5])).Message);
    }

    [TestMethod]
    public void DisposedImages_AreToldFromOtherFaults()
    {
        using var alive = Pictures.Bars(0);
        Assert.IsFalse(DisposedImages.Has(alive));
        Assert.IsFalse(DisposedImages.Explains(new InvalidOperationException("The file is damaged.")));
    }

    private static string Fault(Func<object> read) => Assert.ThrowsExactly<InvalidOperationException>(() => read()).Message;

    private static IDataView Rows(int count) =>
        _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Passed { Image = Pictures.Bars(i) }));

    private static IDataView Kept(int count) =>
        _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Passed { Image = Pictures.Bars(i) }).ToList());

    private static IDataView WithDisposed(int row) => _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 5).Select(i =>
    {
        var image = Pictures.Bars(i);
        if (i == row)
        {
            image.Dispose();
        }

        return new Passed { Image = image };
    }));

    private class Passed
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }
    }

    private sealed class Row : Passed
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Generated { get; set; }
    }

    private sealed class Scored
    {
        public float Error { get; set; }
    }
}

/// <summary>A training in one call.</summary>
file static class Trainings
{
    public static DiffusionTransformer Fit(this DiffusionOptions options, IDataView rows) =>
        new MLContext(seed: 3).Transforms.DiffusionTrainer("Generated", "Image", options with { Training = options.Training with { NumberOfSteps = 1 } }).Fit(rows);
}
