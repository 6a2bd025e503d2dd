using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>A model generates by any engine what it generates by another, within one level of 256.</summary>
[TestClass]
public sealed class EngineExchangeTests
{
    private static readonly GenerationOptions _options =
        new() { Sampler = new DdimSampler(20), GuidanceScale = 2, BatchSize = 4, Seed = 17 };

    public static IEnumerable<object[]> Models =>
        Directory.GetFiles(BuildFiles.InRoot("models"), "*.zip").Order(StringComparer.Ordinal).Select(path => new object[] { Path.GetFileName(path) });

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_ModelTrainedOnADevice_IsTheSameOnTheOthers(string device)
    {
        using var model =
            TinyModel.Train(TinyModel.LabelledOn(device) with { Training = TinyModel.Options.Training with { NumberOfSteps = 60 } });
        int[] labels = [0, 1, -1, 1, 0];
        var images = model.Generate(labels, _options);

        foreach (var other in new[] { "cpu", "torch" })
        {
            var again = model.ToDevice(other).Generate(labels, _options);

            Assert.AreEqual(other, model.Device);
            AreWithinOneLevel(images, again, $"trained on {device}, generated on {other}");
        }

        Assert.AreEqual(5, Pictures.Digests(images).Distinct().Count());
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DynamicData(nameof(Models))]
    public void Generate_ModelOfTheRepository_IsTheSameOnEveryDevice(string file)
    {
        using var model = new MLContext(seed: 1).Model.Load(BuildFiles.InRoot("models", file), out _).GetDiffusion();
        int[] labels = [.. Enumerable.Range(-1, 4).Select(label => Math.Min(label, model.ClassNames.Count - 1))];

        var images = model.ToDevice("cpu").Generate(labels, _options);
        var again = model.ToDevice("torch").Generate(labels, _options);

        AreWithinOneLevel(images, again, file);
        Assert.IsGreaterThan(1.0, Pictures.Distance(images[0], images[1]), "of two images");
        Pictures.Digest([.. images, .. again]);
    }

    [TestMethod]
    public void AreWithinOneLevel_TwoLevelsInOnePixel_IsSeen()
    {
        using var image = Pictures.Grey((_, _) => 100);
        using var other = Pictures.Grey((x, y) => x == 3 && y == 5 ? (byte)102 : (byte)100);

        Assert.ThrowsExactly<AssertFailedException>(() => AreWithinOneLevel([image], [other], "one pixel"));
    }

    private static void AreWithinOneLevel(MLImage[] expected, MLImage[] actual, string what)
    {
        Assert.HasCount(expected.Length, actual);
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = expected[i].Pixels.ToArray().Zip(actual[i].Pixels.ToArray(), (a, b) => Math.Abs(a - b)).Max();
            Assert.IsLessThanOrEqualTo(1, difference, $"levels, image {i}: {what}");
        }
    }
}
