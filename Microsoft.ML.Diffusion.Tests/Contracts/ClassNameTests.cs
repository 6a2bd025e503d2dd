using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Classes are given by number or by name wherever images have classes.</summary>
[TestClass]
public sealed class ClassNameTests
{
    private static readonly GenerationOptions _options = new() { Sampler = new DdimSampler(4), BatchSize = 4, Seed = 5 };
    private static readonly MLImage[] _images = [.. Enumerable.Range(0, 2).Select(i => Pictures.Bars(i))];
    private static readonly MLImage[] _mask = [Pictures.Grey((x, _) => (byte)(x < 4 ? 255 : 0))];
    private static readonly int[] _labels = [1, 0];
    private static readonly string[] _names = ["odd", "EVEN"];
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) =>
        _model = TinyModel.Train(TinyModel.Labelled with { Training = TinyModel.Options.Training with { NumberOfSteps = 60 } });

    [ClassCleanup]
    public static void Free()
    {
        _model.Dispose();
        Array.ForEach([.. _images, .. _mask], image => image.Dispose());
    }

    [TestMethod]
    public void Generate_Names_AreThoseOfTheLabels() =>
        AreEqual(_model.Generate(_labels, _options), _model.Generate(_names, _options), _model.Generate([-1, -1], _options));

    [TestMethod]
    public void EncodeAndDecode_Names_AreThoseOfTheLabels()
    {
        var (byLabel, byName, without) =
            (_model.Encode(_images, _options, _labels), _model.Encode(_images, _names, _options), _model.Encode(_images, _options));

        CollectionAssert.AreEqual(byLabel.Values.ToArray(), byName.Values.ToArray());
        CollectionAssert.AreNotEqual(without.Values.ToArray(), byName.Values.ToArray());
        AreEqual(_model.Decode(byLabel, _options, _labels), _model.Decode(byLabel, _names, _options), _model.Decode(byLabel, _options));
        CollectionAssert.AreEqual(
            _model.ReconstructionError(_images, _options, _labels),
            _model.ReconstructionError(_images, _names, _options));
    }

    [TestMethod]
    public void ImageToImage_Names_AreThoseOfTheLabels() =>
        AreEqual(
            _model.ImageToImage(_images, 0.9, _options, _labels),
            _model.ImageToImage(_images, 0.9, _names, _options),
            _model.ImageToImage(_images, 0.9, _options));

    [TestMethod]
    public void Inpaint_Names_AreThoseOfTheLabels() =>
        AreEqual(
            _model.Inpaint(_images, _mask, 2, _options, _labels),
            _model.Inpaint(_images, _mask, _names, 2, _options),
            _model.Inpaint(_images, _mask, 2, _options));

    [TestMethod]
    public void Interpolate_Names_AreThoseOfTheLabels()
    {
        var options = new InterpolationOptions { Sampler = new DdimSampler(4), BatchSize = 4 };

        AreEqual(
            _model.Interpolate(1, 2, 3, options with { Label = 1, LabelB = 0 }),
            _model.Interpolate(1, 2, 3, options with { ClassName = "odd", ClassNameB = "Even" }),
            _model.Interpolate(1, 2, 3, options with { ClassNameA = "odd" }));
        Messages.Expect<ArgumentOutOfRangeException>(
            "ClassNameA must be null where LabelA is set, because both say which class to generate. (Parameter 'ClassNameA')\nActual value was odd.",
            () => _model.Interpolate(1, 2, 3, options with { LabelA = 1, ClassNameA = "odd" }));
        Messages.Expect<ArgumentOutOfRangeException>(
            "ClassName must be among the names that the model was trained with: even, odd. (Parameter 'ClassName')\nActual value was none.",
            () => _model.Interpolate(1, 2, 3, options with { ClassName = "none" }));
    }

    [TestMethod]
    public void Names_NotAsManyAsImages_AreRefused()
    {
        const string Message =
            "classNames must hold one class for each image, but there are 1 classes and 2 images. (Parameter 'classNames')";

        Messages.Expect<ArgumentException>(Message, () => _model.Encode(_images, ["odd"]));
        Messages.Expect<ArgumentException>(Message, () => _model.ImageToImage(_images, 0.5, ["odd"]));
        Messages.Expect<ArgumentException>(Message, () => _model.Inpaint(_images, _mask, ["odd"]));
        Assert.ThrowsExactly<ArgumentNullException>(() => _model.Encode(null!, _names));
        Assert.ThrowsExactly<ArgumentNullException>(() => _model.Decode(null!, _names));
    }

    [TestMethod]
    public void Overloads_NullAndNew_AreOptions()
    {
        Assert.AreEqual(2, _model.Encode(_images, null).Count);
        Assert.AreEqual(2, _model.Encode(_images, new() { Sampler = new DdimSampler(2) }).Count);
    }

    [TestMethod]
    [DataRow("cat", 0)]
    [DataRow("Cat", 1)]
    [DataRow("DOG", 2)]
    public void Name_SpelledAlike_ComesFirst(string name, int expected) =>
        Assert.AreEqual(expected, Inputs("cat", "Cat", "dog").Label(name, "classNames"));

    [TestMethod]
    public void Name_OfSeveralClasses_IsTheFirst() => Assert.AreEqual(1, Inputs("dog", "cat", "cat").Label("cat", "classNames"));

    [TestMethod]
    public void Name_OfSeveralButForCase_IsRefused() => Messages.Expect<ArgumentOutOfRangeException>(
        "classNames must be spelled as one of cat, Cat, because these differ in case alone. (Parameter 'classNames')\nActual value was CAT.",
        () => Inputs("cat", "Cat", "dog").Label("CAT", "classNames"));

    private static ModelInputs Inputs(params string[] names) =>
        new(
            new ModelDescription(
                new ImageShape(1, 8, 8),
                TinyModel.Options.Network,
                NoiseSchedule.Linear(),
                PredictionType.Epsilon,
                ModelVariance.Fixed,
                names));

    private static void AreEqual(MLImage[] expected, MLImage[] actual, MLImage[] other)
    {
        var digests = Pictures.Digests(expected);

        CollectionAssert.AreEqual(digests, Pictures.Digests(actual));
        CollectionAssert.AreNotEqual(digests, Pictures.Digests(other), "the class changes what is drawn");
        Array.ForEach([.. expected, .. actual, .. other], image => image.Dispose());
    }
}
