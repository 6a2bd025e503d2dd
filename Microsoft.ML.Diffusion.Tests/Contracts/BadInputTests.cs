using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class BadInputTests
{
    private static readonly MLContext _mlContext = new(seed: 3);
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Labelled, _mlContext);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Fit_NoRows_SaysSo() =>
        Expect<InvalidOperationException>(
            "Column 'Image' has no rows, but training needs at least one image.",
            () => Fit(Pictures.Rows(_mlContext, 0)));

    [TestMethod]
    public void Fit_ImageOfAnotherSize_NamesTheRow() => Expect<InvalidOperationException>(
        "Row 1: image is 12x8, expected 8x8 as in the first row. Add ResizeImages before the trainer.",
        () => Fit(Images(Pictures.Bars(0), Pictures.Bars(1, width: 12))));

    [TestMethod]
    public void Fit_NoImageInRow_NamesTheRow() => Expect<InvalidOperationException>(
        "Row 1: column 'Image' has no image. Remove the row.",
        () => Fit(Images(Pictures.Bars(0), null)));

    [TestMethod]
    public void Fit_SizeDoesNotFitTheNetwork_SaysWhatTo() => Expect<ArgumentOutOfRangeException>(
        "Both sides of the images must be multiples of 2, because the network halves them at every level but the last. Add ResizeImages before the trainer, or use fewer ChannelMultipliers. (Parameter 'ChannelMultipliers')\nActual value was 9x8.",
        () => Fit(Images(Pictures.Bars(0, width: 9))));

    [TestMethod]
    public void Fit_UnreadableFile_NamesTheRow()
    {
        var folder = Directory.CreateTempSubdirectory("diffusion-").FullName;
        try
        {
            using (var picture = Pictures.Bars(0))
            {
                picture.Save(Path.Combine(folder, "good.png"));
            }

            File.WriteAllText(Path.Combine(folder, "broken.png"), "not a picture");
            var paths =
                _mlContext.Data.LoadFromEnumerable(new[] { new PathRow { ImagePath = "good.png" }, new PathRow { ImagePath = "broken.png" } });
            var rows = _mlContext.Transforms.LoadImages("Image", folder, "ImagePath").Fit(paths).Transform(paths);

            var error = Assert.Throws<InvalidOperationException>(() => Fit(rows));

            StringAssert.Matches(
                error.Message,
                new(@"^Row 1: the image in column 'Image' could not be read \(.+\)\. Repair the file or remove the row\.$"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow(float.NaN, "Row 0: value 3 of column 'Image' is NaN, expected a pixel of 0 to 255. Remove the row or repair the value.")]
    [DataRow(300f, "Row 0: value 3 of column 'Image' is pixel 300, expected 0 to 255. Set PixelOffset and PixelScale to the offset and scale that made the column.")]
    public void Fit_ImpossiblePixel_NamesRowAndValue(float value, string message)
    {
        var vector = new VectorRow();
        vector.Image[3] = value;

        Expect<InvalidOperationException>(message, () => Fit(_mlContext.Data.LoadFromEnumerable([vector])));
    }

    [TestMethod]
    [DataRow(0f, 1f, 0f, 1 / 255f, "All values of column 'Image' are from 0 to 0.9882, and not whole: pixels scaled to 0 to 1, which PixelOffset 0 and PixelScale 1 take for 0 to 255. Set PixelOffset to 0 and PixelScale to 1 / 255f.")]
    [DataRow(0f, 1f, 127.5f, 1 / 400f, "All values of column 'Image' are from -0.3187 to 0.3113, and not whole: pixels scaled to -1 to 1, which PixelOffset 0 and PixelScale 1 take for 0 to 255. Set PixelOffset to 127.5f and PixelScale to 1 / 127.5f.")]
    [DataRow(128f, 1f, 127.5f, 1 / 127.5f, "All values of column 'Image' are from -1 to 0.9765, and not whole: pixels scaled to -1 to 1, which PixelOffset 128 and PixelScale 1 take for -128 to 127. Set PixelOffset to 127.5f and PixelScale to 1 / 127.5f.")]
    [DataRow(127.5f, 1 / 127.5f, 0f, 1 / 255f, "All values of column 'Image' are from 0 to 0.9882, and not whole: pixels scaled to 0 to 1, which PixelOffset 127.5 and PixelScale 0.007843138 take for -1 to 1. Set PixelOffset to 0 and PixelScale to 1 / 255f.")]
    public void Fit_VectorsOfAnotherScale_SaysWhatToSet(float saidOffset, float saidScale, float offset, float scale, string message)
    {
        var rows = _mlContext.Data.LoadFromEnumerable(Vectors(level => (level - offset) * scale, 4));

        Expect<InvalidOperationException>(
            message,
            () => _mlContext.Transforms.DiffusionTrainer(
                "Generated",
                "Image",
                TinyModel.Options with { PixelOffset = saidOffset, PixelScale = saidScale }).Fit(rows));
    }

    [TestMethod]
    [DataRow(0f, 1f, 0f, 0f)] // black
    [DataRow(0f, 1f, 0f, 1 / 252f)] // levels 0 and 1, the first row's only
    [DataRow(127.5f, 1 / 127.5f, -255f, 1 / 510f)] // bright halves of levels that are none of 0..1
    [DataRow(0f, 1f, 0f, 1f)]
    public void Fit_VectorsThatMayBeMeantSo_AreTaken(float saidOffset, float saidScale, float offset, float scale)
    {
        var rows = _mlContext.Data.LoadFromEnumerable(
            Vectors(level => scale == 1 / 252f ? MathF.Round(level * scale) : (level - offset) * scale, 1));

        using var model = _mlContext.Transforms.DiffusionTrainer(
            "Generated",
            "Image",
            TinyModel.Options with { PixelOffset = saidOffset, PixelScale = saidScale }).Fit(rows);

        Assert.AreEqual(1, model.Training!.Images);
    }

    [TestMethod]
    public void EvaluateLikelihood_VectorsOfAnotherScale_SaysWhatTo() => Expect<InvalidOperationException>(
        "All values of column 'Image' are from 0 to 0.9882, and not whole: pixels scaled to 0 to 1, which PixelOffset 0 and PixelScale 1 take for 0 to 255. Scale the column as that which the model was trained on.",
        () => _mlContext.Diffusion.EvaluateLikelihood(
            _model,
            _mlContext.Data.LoadFromEnumerable(Vectors(level => level / 255f, 2)),
            options: new LikelihoodOptions { NumberOfTimesteps = 3 }));

    // Levels 0, 4, ..., 252, and from row to row others.
    private static IEnumerable<VectorRow> Vectors(Func<int, float> value, int count) =>
        Enumerable.Range(0, count).Select(
            row => new VectorRow { Image = [.. Enumerable.Range(0, Pictures.Side * Pictures.Side).Select(i => value(4 * ((i + row) % 64)))] });

    [TestMethod]
    public void Trainer_OutputEqualsInput_SaysWhy() => Expect<ArgumentOutOfRangeException>(
        "outputColumnName must differ from inputColumnName, because the images to learn from would be hidden behind the generated ones. (Parameter 'outputColumnName')\nActual value was Image.",
        () => _mlContext.Transforms.DiffusionTrainer("Image", "Image"));

    [TestMethod]
    public void Generate_MoreStepsThanTheModelHas_SaysWhy() => Expect<ArgumentOutOfRangeException>(
        "The number of sampling steps must be at most 1000, because the model was trained on that many timesteps and a run visits each at most once. (Parameter 'steps')\nActual value was 1001.",
        () => _model.Generate(1, new GenerationOptions { Sampler = new DdimSampler(1001) }));

    [TestMethod]
    [DataRow(-0.1)]
    [DataRow(1.5)]
    [DataRow(double.NaN)]
    public void DdimSampler_EtaOutsideItsRange_SaysWhy(double eta) => Expect<ArgumentOutOfRangeException>(
        $"eta must be in [0, 1], because it scales the noise from none (DDIM) to that of DDPM. (Parameter 'eta')\nActual value was {eta.ToString(System.Globalization.CultureInfo.InvariantCulture)}.",
        () => _ = new DdimSampler(10, eta));

    [TestMethod]
    public void Generate_CountBelowOne_SaysWhy() => Expect<ArgumentOutOfRangeException>(
        "count must be at least 1, because it is the number of images to generate. (Parameter 'count')\nActual value was 0.",
        () => _model.Generate(0));

    [TestMethod]
    public void Generate_MoreThanMemoryCouldHold_SaysWhat() => Expect<ArgumentOutOfRangeException>(
        "count must be at most 1000000, because all images are in memory at once. mlContext.Diffusion.GenerateDataView makes them row by row. (Parameter 'count')\nActual value was 2000000000.",
        () => _model.Generate(2_000_000_000));

    [TestMethod]
    public void Interpolate_MoreThanMemoryCouldHold_SaysSo() => Expect<ArgumentOutOfRangeException>(
        "count must be at most 1000000, because all images are in memory at once. (Parameter 'count')\nActual value was 2000000000.",
        () => _model.Interpolate(1, 2, 2_000_000_000));

    [TestMethod]
    public void Generate_LabelOutOfRange_SaysWhy() => Expect<ArgumentOutOfRangeException>(
        "labels must be from 0 to 1, or -1 for none, because the model knows 2 classes. (Parameter 'labels')\nActual value was 2.",
        () => _model.Generate([0, 2]));

    [TestMethod]
    public void Interpolate_StochasticSamplerOnSphericalPath_SaysWhy() => Expect<ArgumentOutOfRangeException>(
        "Sampler must be deterministic for a spherical path, because only then does a latent lead back to its image. Use DdimSampler with eta 0, or Path = Linear. (Parameter 'Sampler')\nActual value was DDPM, 9 trailing steps, FixedSmall variance, x_0 clipped to [-1, 1].",
        () => _model.Interpolate(1, 2, 3, new InterpolationOptions { Sampler = new DdpmSampler(9) }));

    [TestMethod]
    public void Interpolate_ImageOfAnotherSize_SaysWhatTo()
    {
        using var small = Pictures.Bars(0, width: 4);
        using var right = Pictures.Bars(0);

        Expect<ArgumentException>(
            "imageA is 4x8, but the model's images are 8x8. Resize it first. (Parameter 'imageA')",
            () => _model.Interpolate(small, right, 3));
    }

    [TestMethod]
    public void Generate_AfterDispose_Throws()
    {
        var model = TinyModel.Train(TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } });
        model.Dispose();
        model.Dispose();

        Assert.ThrowsExactly<ObjectDisposedException>(() => model.Generate(1));
        Assert.ThrowsExactly<ObjectDisposedException>(() => ((ITransformer)model).Save(null!));
    }

    [TestMethod]
    public void Trainer_UnknownDevice_SaysWhichThereAre() => Expect<ArgumentOutOfRangeException>(
        "Device must be \"cpu\", \"cuda\", \"cuda:\" and the number of the card, or \"torch\" (libtorch on the processor, to compare with); leave it unset for the best there is. (Parameter 'Device')\nActual value was gpu.",
        () => Fit(Pictures.Rows(_mlContext), TinyModel.Options with { Device = "gpu" }));

    [TestMethod]
    public void Trainer_EpsilonWithZeroTerminalSnr_SaysWhy() => Expect<ArgumentOutOfRangeException>(
        "Prediction must be VPrediction or Sample with a schedule of zero terminal SNR, because no image can be recovered from the noise of its last timestep. (Parameter 'Prediction')\nActual value was Epsilon.",
        () => Fit(
            Pictures.Rows(_mlContext),
            TinyModel.Options with { Prediction = PredictionType.Epsilon, Schedule = NoiseSchedule.Linear().WithZeroTerminalSnr() }));

    private static void Fit(IDataView rows, DiffusionOptions? options = null) =>
        _mlContext.Transforms.DiffusionTrainer("Generated", "Image", options ?? TinyModel.Options).Fit(rows).Dispose();

    private static IDataView Images(params MLImage?[] images) =>
        _mlContext.Data.LoadFromEnumerable(images.Select(image => new ImageRow { Image = image }));

    private static void Expect<TException>(string message, Action action)
        where TException : Exception =>
        Assert.AreEqual(message, Assert.ThrowsExactly<TException>(action).Message.ReplaceLineEndings("\n"));

    private sealed class ImageRow
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }
    }

    private sealed class PathRow
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class VectorRow
    {
        [VectorType(1, Pictures.Side, Pictures.Side)]
        public float[] Image { get; set; } = new float[Pictures.Side * Pictures.Side];
    }
}
