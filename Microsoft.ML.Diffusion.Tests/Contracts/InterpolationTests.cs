using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Grids between images, and ends of different classes.</summary>
[TestClass]
public sealed class InterpolationTests
{
    private static readonly InterpolationOptions _options = new() { Sampler = new DdimSampler(5), BatchSize = 4 };
    private static readonly MLImage[] _images = [.. Enumerable.Range(0, 4).Select(i => Pictures.Bars(i))];
    private static readonly ModelOfEachDevice _models = new(TinyModel.Labelled with { Training = TinyModel.Options.Training with { NumberOfSteps = 60 } });

    [ClassCleanup]
    public static void Free()
    {
        _models.Dispose();
        Array.ForEach(_images, image => image.Dispose());
    }

    public static IEnumerable<TestDataRow<(string Device, InterpolationPath Path)>> Paths => EveryDevice.With(Enum.GetValues<InterpolationPath>());

    [TestMethod]
    [DynamicData(nameof(Paths))]
    public void InterpolateGrid_OfImages_HasThePathOfEachPair(string device, InterpolationPath path)
    {
        var options =
            _options with
            {
                Path = path,
                Seed = 3,
                Label = 1,
                Sampler = path == InterpolationPath.Linear ? new DdpmSampler(20) : new DdimSampler(5),
            };

        var grid =
            Pictures.Digests(
                _models[device].InterpolateGrid([(_images[0], _images[1]), (_images[2], _images[3])], [0, 0.25, 0.5, 0.75, 1], options));

        CollectionAssert.AreEqual(Pictures.Digests(_models[device].Interpolate(_images[0], _images[1], 5, options)), grid[..5]);
        CollectionAssert.AreEqual(Pictures.Digests(_models[device].Interpolate(_images[2], _images[3], 5, options)), grid[5..]);
        CollectionAssert.AreEqual(grid[6..7], Pictures.Digests(_models[device].InterpolateGrid([(_images[2], _images[3])], [0.25], options)));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Interpolate_EqualLabelsOfBothEnds_AreOneLabel(string device)
    {
        CollectionAssert.AreEqual(
            Pictures.Digests(_models[device].Interpolate(_images[0], _images[1], 4, _options with { Label = 1 })),
            Pictures.Digests(_models[device].Interpolate(_images[0], _images[1], 4, _options with { LabelA = 1, LabelB = 1 })));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Interpolate_SeedsWithALabelEach_EndAtTheImagesOfTheirClasses(string device)
    {
        var options = new GenerationOptions { Sampler = new DdimSampler(5), BatchSize = 4 };

        var path = Pictures.Digests(_models[device].Interpolate(7, 8, 4, _options with { LabelA = 0, LabelB = 1 }));

        Assert.AreEqual(Pictures.Digests(_models[device].Generate([0], options with { Seed = 7 }))[0], path[0]);
        Assert.AreEqual(Pictures.Digests(_models[device].Generate([1], options with { Seed = 8 }))[0], path[^1]);
        Assert.AreEqual(4, path.Distinct().Count());
        Assert.AreEqual(path[0], Pictures.Digests(_models[device].Interpolate(7, 8, 2, _options with { LabelA = 0 }))[0]); // the other end has none
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Interpolate_ImagesWithALabelEach_KeepTheEndsOfTheirClasses(string device)
    {
        var mixed = Pictures.Digests(_models[device].Interpolate(_images[0], _images[1], 3, _options with { LabelA = 0, LabelB = 1 }));

        Assert.AreEqual(Pictures.Digests(_models[device].Interpolate(_images[0], _images[1], 3, _options with { Label = 0 }))[0], mixed[0]);
        Assert.AreEqual(Pictures.Digests(_models[device].Interpolate(_images[0], _images[1], 3, _options with { Label = 1 }))[^1], mixed[^1]);
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Interpolate_FromOneClassToAnother_JumpsNowhere(string device)
    {
        // One noise, so that the class alone changes.
        double[] alphas = [.. Enumerable.Range(0, 21).Select(i => i / 20.0)];
        var frames = _models[device].InterpolateGrid([(7, 7)], alphas, _options with { LabelA = 0, LabelB = 1 });

        var whole = Pictures.Distance(frames[0], frames[^1]);
        var largest = frames.Zip(frames.Skip(1), (a, b) => Pictures.Distance(a, b)).Max();
        Array.ForEach(frames, frame => frame.Dispose());
        Assert.IsGreaterThan(2, whole);
        Assert.IsLessThan(0.5 * whole, largest); // at the class of the nearer end, one step would be all of it
    }

    [TestMethod]
    public void InterpolateGrid_BadInput_SaysWhy()
    {
        using var wide = Pictures.Bars(0, width: 12);
        Messages.Expect<ArgumentException>(
            "pairs[1].ImageB is 12x8, but the model's images are 8x8. Resize it first. (Parameter 'pairs')",
            () => _models["cpu"].InterpolateGrid([(_images[0], _images[1]), (_images[0], wide)], [0.5]));
        Messages.Expect<ArgumentOutOfRangeException>(
            "LabelB must be from 0 to 1, or -1 for none, because the model knows 2 classes. (Parameter 'LabelB')\nActual value was 2.",
            () => _models["cpu"].Interpolate(_images[0], _images[1], 2, _options with { LabelB = 2 }));
        Assert.ThrowsExactly<ArgumentNullException>(() => _models["cpu"].InterpolateGrid([(_images[0], null!)], [0.5]));
    }
}
