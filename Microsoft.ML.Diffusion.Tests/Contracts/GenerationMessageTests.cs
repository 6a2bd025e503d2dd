using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class GenerationMessageTests
{
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Labelled);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Generate_LabelsForAModelWithoutClasses_SaysWhy()
    {
        using var model = TinyModel.Train(TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } });

        Messages.Expect<ArgumentOutOfRangeException>(
            "labels must not name a class, because the model was trained without LabelColumnName. (Parameter 'labels')\nActual value was 0.",
            () => model.Generate([0]));
        Messages.Expect<ArgumentOutOfRangeException>(
            "classNames must not name a class, because the model was trained without LabelColumnName. (Parameter 'classNames')\nActual value was odd.",
            () => model.Generate(["odd"]));
    }

    [TestMethod]
    public void Generate_UnknownClassName_ListsThoseThatThereAre() => Messages.Expect<ArgumentOutOfRangeException>(
        "classNames must be among the names that the model was trained with: even, odd. (Parameter 'classNames')\nActual value was none.",
        () => _model.Generate(["even", "none"]));

    [TestMethod]
    public void LabelOf_Name_IsItsNumberOrSuggestsTheNearest()
    {
        Assert.AreEqual(1, _model.LabelOf("Odd"));
        Messages.Expect<ArgumentOutOfRangeException>(
            "className must be among the names that the model was trained with: even, odd. Did you mean 'even'? (Parameter 'className')\nActual value was evne.",
            () => _model.LabelOf("evne"));
    }

    [TestMethod]
    public void Generate_NoClassNames_SaysWhy() => Messages.Expect<ArgumentException>(
        "classNames must name at least one image to generate. (Parameter 'classNames')",
        () => _model.Generate(Array.Empty<string>()));

    [TestMethod]
    public void InterpolateGrid_Nothing_SaysWhatItNeeds()
    {
        Messages.Expect<ArgumentException>(
            "A grid needs at least one pair and one alpha. (Parameter 'pairs')",
            () => _model.InterpolateGrid(Array.Empty<(long, long)>(), [0.5]));
        Messages.Expect<ArgumentException>(
            "A grid needs at least one pair and one alpha. (Parameter 'alphas')",
            () => _model.InterpolateGrid([(1, 2)], []));
    }

    [TestMethod]
    [DataRow(-0.5)]
    [DataRow(1.5)]
    [DataRow(double.NaN)]
    public void InterpolateGrid_AlphaOutsideItsRange_SaysWhy(double alpha) => Messages.Expect<ArgumentOutOfRangeException>(
        $"alphas must be in [0, 1], because they say how far an image is on the way from the first end to the second. (Parameter 'alphas')\nActual value was {alpha.ToString(System.Globalization.CultureInfo.InvariantCulture)}.",
        () => _model.InterpolateGrid([(1, 2)], [0, alpha]));
}
