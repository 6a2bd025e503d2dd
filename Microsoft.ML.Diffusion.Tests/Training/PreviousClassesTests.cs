using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Fit from a model of other classes: they go by their names.</summary>
[TestClass]
public sealed class PreviousClassesTests
{
    private static readonly GenerationOptions _drawing = new() { Sampler = new DdimSampler(4), Seed = 5 };

    private readonly List<string> _log = [];

    [TestMethod]
    public void Fit_OtherClasses_KnownOnesStayAndNewOnesAreAsWithout()
    {
        using var previous = TinyModel.Train(TinyModel.Labelled with { Training = TinyModel.Options.Training with { NumberOfSteps = 60 } });
        using var tuned = Tune(previous, "third", "odd");

        CollectionAssert.AreEqual(new[] { "third", "odd" }, tuned.ClassNames.ToArray());
        AreAlike(previous.Generate(["odd"], _drawing), tuned.Generate(["odd"], _drawing));
        AreAlike(previous.Generate(1, _drawing), tuned.Generate(["third"], _drawing));
        CollectionAssert.AreNotEqual(
            Pictures.Digests(previous.Generate(1, _drawing)),
            Pictures.Digests(previous.Generate(["odd"], _drawing)),
            "else the test shows nothing");
        Assert.Contains("previousModel knows 1 of the 2 classes, by their names. The others start as images without a class.", _log);
    }

    [TestMethod]
    public void Fit_WithoutClasses_LeavesThemOut()
    {
        using var previous = TinyModel.Train(TinyModel.Labelled);
        using var tuned = Tune(previous);

        Assert.IsEmpty(tuned.ClassNames);
        AreAlike(previous.Generate(1, _drawing), tuned.Generate(1, _drawing));
        Assert.Contains("The 2 classes of previousModel are left out, because LabelColumnName is null.", _log);
    }

    [TestMethod]
    public void Fit_ClassesAfterNone_StartAsWithout()
    {
        using var previous = TinyModel.Train();
        using var tuned = Tune(previous, "even", "odd");

        AreAlike(previous.Generate(1, _drawing), tuned.Generate(["even"], _drawing));
        Assert.Contains("previousModel knows 0 of the 2 classes, by their names. The others start as images without a class.", _log);
    }

    // A step so small that it moves no weight by more than rounding.
    private DiffusionTransformer Tune(DiffusionTransformer previous, params string[] classes)
    {
        var mlContext = new MLContext(seed: 3);
        mlContext.Log += (_, entry) => _log.Add(entry.RawMessage);
        var options = (classes.Length == 0 ? TinyModel.Options : TinyModel.Labelled) with
        {
            Training = new TrainingOptions { NumberOfSteps = 1, LearningRate = 1e-12, BatchSize = 2 },
        };
        var rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 4).Select(i => new Pictures.PictureRow
        {
            Image = Pictures.Bars(i),
            Class = classes.Length == 0 ? "" : classes[i % classes.Length],
        }).ToList());
        var keyed = mlContext.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(rows).Transform(rows);
        return mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(keyed, previous);
    }

    private static void AreAlike(Microsoft.ML.Data.MLImage[] expected, Microsoft.ML.Data.MLImage[] actual)
    {
        Assert.IsLessThan(1, Pictures.Distance(expected[0], actual[0]));
        Array.ForEach([.. expected, .. actual], image => image.Dispose());
    }
}
