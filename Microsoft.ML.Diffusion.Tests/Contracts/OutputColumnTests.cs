using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>What the output columns hold: the same as the methods that do one thing each.</summary>
[TestClass]
public sealed class OutputColumnTests
{
    private static readonly MLContext _mlContext = new(seed: 3);
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(ScoringModel.Options, _mlContext);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Transform_EveryColumn_IsWhatTheMethodsGive()
    {
        const int Count = 6;
        var (images, labels) =
            (Enumerable.Range(0, Count).Select(i => Pictures.Bars(i)).ToArray(), Enumerable.Range(0, Count).Select(i => i % 2).ToArray());
        var encoding = _model.Generation with { Sampler = new DdimSampler(ScoringModel.Steps) };
        var latents = _model.Encode(images, encoding, labels);
        var again = _model.Decode(latents, encoding, labels);
        var errors = _model.ReconstructionError(images, encoding, labels);
        var generated = _model.Generate(labels);

        var rows = ScoringModel.Read(_mlContext, _model.Transform(Pictures.Rows(_mlContext, Count)));

        for (var i = 0; i < Count; i++)
        {
            var bits =
                _model.EvaluateLikelihood(
                    [images[i]],
                    new LikelihoodOptions { NumberOfTimesteps = ScoringModel.Timesteps, Seed = 0, Labels = [labels[i]] });
            Assert.AreEqual(bits.BitsPerDimension, rows[i].Bits, 1e-4, "float32 rounds differently in another batch size");
            Assert.AreEqual(errors[i], rows[i].Error, 1e-6);
            CollectionAssert.AreEqual(latents[i].ToArray(), rows[i].Latent);
            CollectionAssert.AreEqual(PlaneOf(again[i]), rows[i].ReconstructedPixels);
            CollectionAssert.AreEqual(PlaneOf(generated[i]), rows[i].GeneratedPixels);
            Assert.AreEqual(Pictures.Digest([again[i]]), Pictures.Digest([rows[i].Reconstructed!]));
            Assert.AreEqual(Pictures.Digest([generated[i]]), Pictures.Digest([rows[i].Generated!]));
        }
    }

    [TestMethod]
    public void Transform_OneRow_IsTheSameInAnyBatch()
    {
        var rows = Pictures.Rows(_mlContext, 6);

        var all = ScoringModel.Read(_mlContext, _model.Transform(rows));
        var some =
            ScoringModel.Read(
                _mlContext,
                _model.Transform(_mlContext.Data.FilterByCustomPredicate<Numbered>(rows, row => row.Number is < 3 or > 4)));

        // Rows keep their ids, and so their seeds, through the filter.
        CollectionAssert.AreEqual(all[3..5].Select(row => row.Describe()).ToArray(), some.Select(row => row.Describe()).ToArray());
    }

    [TestMethod]
    public void Transform_EqualImages_HaveEqualScores()
    {
        var rows = ScoringModel.Read(_mlContext, _model.Transform(Pictures.Rows(_mlContext, 8)));

        // Bars repeat after 4 pictures, and so do the classes.
        for (var i = 0; i < 4; i++)
        {
            Assert.AreEqual(rows[i].Bits, rows[i + 4].Bits);
            Assert.AreEqual(rows[i].Error, rows[i + 4].Error);
            CollectionAssert.AreEqual(rows[i].Latent, rows[i + 4].Latent);
            CollectionAssert.AreNotEqual(rows[i].GeneratedPixels, rows[i + 4].GeneratedPixels);
        }
    }

    [TestMethod]
    public void Transform_Bottleneck_IsAVectorOfChannels()
    {
        using var model = _model.WithColumns(new OutputColumnOptions { Latent = "Features", LatentKind = LatentKind.Bottleneck });
        var rows = model.Transform(Pictures.Rows(_mlContext, 6));

        var features = rows.GetColumn<float[]>("Features").ToArray();

        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 16), rows.Schema["Features"].Type);
        CollectionAssert.AreEqual(features[0], features[4]);
        CollectionAssert.AreNotEqual(features[0], features[1]);
        Assert.IsTrue(features.SelectMany(values => values).All(float.IsFinite));
    }

    [TestMethod]
    public void Transform_NoImageInRow_IsMissing()
    {
        var input =
            _mlContext.Data.LoadFromEnumerable(
                new[] { new Pictures.PictureRow { Image = Pictures.Bars(0) }, new Pictures.PictureRow(), new Pictures.PictureRow { Image = Pictures.Bars(1) } });

        var rows = ScoringModel.Read(_mlContext, _model.Transform(input));

        Assert.IsNull(rows[1].Reconstructed);
        Assert.IsNotNull(rows[1].Generated);
        Assert.IsTrue(float.IsNaN(rows[1].Bits) && float.IsNaN(rows[1].Error));
        Assert.IsTrue(rows[1].Latent.Concat(rows[1].ReconstructedPixels).All(float.IsNaN));
        Assert.IsTrue(float.IsFinite(rows[2].Bits) && float.IsFinite(rows[2].Error) && rows[2].Latent.All(float.IsFinite));
    }

    [TestMethod]
    public void Transform_VectorInput_IsTheSameAsTheImages()
    {
        var pixels = _mlContext.Transforms.ExtractPixels("Vector", "Image");
        var rows = Pictures.Rows(_mlContext, 5);
        using var model = _model.WithColumns(ScoringModel.Columns, inputColumnName: "Vector");

        var fromVectors = ScoringModel.Read(_mlContext, model.Transform(pixels.Fit(rows).Transform(rows)));

        CollectionAssert.AreEqual(
            ScoringModel.Read(_mlContext, _model.Transform(rows)).Select(row => row.Describe()).ToArray(),
            fromVectors.Select(row => row.Describe()).ToArray());
    }

    [TestMethod]
    public void Transform_ScaledPixels_ComeBackScaled()
    {
        var rows = Pictures.Rows(_mlContext, 4);
        rows = _mlContext.Transforms.ExtractPixels("Vector", "Image", colorsToExtract: Transforms.Image.ImagePixelExtractingEstimator.ColorBits.Red, offsetImage: 127.5f, scaleImage: 1 / 127.5f)
            .Fit(rows)
            .Transform(rows);
        var options =
            TinyModel.Options with
            {
                PixelOffset = 127.5f,
                PixelScale = 1 / 127.5f,
                OutputColumns = new OutputColumnOptions { ReconstructedPixels = "Again", Reconstructed = "Picture" },
            };
        using var model = _mlContext.Transforms.DiffusionTrainer("Generated", "Vector", options).Fit(rows);

        var scored = model.Transform(rows);
        var again = scored.GetColumn<float[]>("Again").ToArray();
        var pictures = scored.GetColumn<MLImage>("Picture").Select(PlaneOf).ToArray();

        for (var i = 0; i < again.Length; i++)
        {
            CollectionAssert.AreEqual(pictures[i].Select(pixel => (pixel - 127.5f) * (1 / 127.5f)).ToArray(), again[i]);
        }
    }

    [TestMethod]
    public void WithColumns_WeightsLiveUntilTheLastIsDisposed()
    {
        var first =
            TinyModel.Train(TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } }, _mlContext);
        var second = first.WithColumns(new OutputColumnOptions { ReconstructionError = "Error" }, outputColumnName: "Drawn");
        var expected = Pictures.Digest(first.Generate(2));

        first.Dispose();
        first.Dispose();

        Assert.AreEqual(expected, Pictures.Digest(second.Generate(2)));
        Assert.IsNotNull(second.GetOutputSchema(Pictures.Rows(_mlContext).Schema).GetColumnOrNull("Drawn"));
        second.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => second.Generate(1));
    }

    private static float[] PlaneOf(MLImage image) => [.. image.Pixels.ToArray().Where((_, i) => i % 4 == 0).Select(level => (float)level)];

    private sealed class Numbered
    {
        public int Number { get; set; }
    }
}
