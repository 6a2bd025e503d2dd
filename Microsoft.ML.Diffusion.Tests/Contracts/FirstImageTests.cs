using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Image i of a seed is the same in whichever call it is made.</summary>
[TestClass]
public sealed class FirstImageTests
{
    private static readonly MLContext _mlContext = new(seed: 1);
    private static readonly GenerationOptions _options = new() { Sampler = new DdimSampler(3, eta: 1), BatchSize = 4, Seed = 9 };
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Labelled);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Generate_Parts_AreTheWhole()
    {
        int[] labels = [0, 1, 1, -1, 0, 1, 0];

        var all = Pictures.Digests(_model.Generate(7, _options));
        var labelled = Pictures.Digests(_model.Generate(labels, _options));

        foreach (var (first, count) in new[] { (0, 3), (3, 1), (4, 3) })
        {
            var part = _options with { FirstImage = first };
            CollectionAssert.AreEqual(all[first..(first + count)], Pictures.Digests(_model.Generate(count, part)));
            CollectionAssert.AreEqual(labelled[first..(first + count)], Pictures.Digests(_model.Generate(labels[first..(first + count)], part)));
        }

        Assert.AreEqual(7, all.Distinct().Count());
    }

    [TestMethod]
    public void GenerateDataView_Parts_HaveTheImagesAndClassesOfTheWhole()
    {
        int[] labels = [1, 0, -1];
        var all = _mlContext.Diffusion.GenerateDataView(_model, 8, labels, _options);

        var part = _mlContext.Diffusion.GenerateDataView(_model, 3, labels, _options with { FirstImage = 4 });

        CollectionAssert.AreEqual(Images(all)[4..7], Images(part));
        CollectionAssert.AreEqual(all.GetColumn<uint>("Label").ToArray()[4..7], part.GetColumn<uint>("Label").ToArray());
    }

    [TestMethod]
    public void Edits_ImagesOfAPart_AreThoseOfTheWhole()
    {
        var images = Enumerable.Range(0, 5).Select(i => Pictures.Bars(i)).ToArray();
        var (mask, part) = (Pictures.Grey((x, _) => (byte)(x < 4 ? 255 : 0)), _options with { FirstImage = 3 });

        AreEqual(options => _model.ImageToImage(images, 0.6, options), options => _model.ImageToImage(images[3..], 0.6, options));
        AreEqual(options => _model.Inpaint(images, [mask], 2, options), options => _model.Inpaint(images[3..], [mask], 2, options));
        AreEqual(
            options => _model.Decode(_model.AddNoise(images, 700, seed: 2), options),
            options => _model.Decode(NoisedOfPart(), options));

        DiffusionLatents NoisedOfPart()
        {
            using var later = _model.WithGeneration(_model.Generation with { FirstImage = 3 });
            return later.AddNoise(images[3..], 700, seed: 2);
        }

        void AreEqual(Func<GenerationOptions, MLImage[]> all, Func<GenerationOptions, MLImage[]> some) =>
            CollectionAssert.AreEqual(Pictures.Digests(all(_options))[3..], Pictures.Digests(some(part)));
    }

    [TestMethod]
    public void SampleGrid_OfATraining_CountsImagesAndClasses()
    {
        string[] Grid(long first, int count)
        {
            var shown = new List<string>();
            var grid = new SampleGridOptions
            {
                EverySteps = 1,
                NumberOfImages = count,
                Columns = count,
                Generation = _options with { FirstImage = first },
                Show = (_, sheet) => shown.Add(string.Join(' ', Enumerable.Range(0, count).Select(cell => Cell(sheet, cell, count)))),
            };
            using var model = TinyModel.Train(
                TinyModel.Labelled with { Training = TinyModel.Labelled.Training with { NumberOfSteps = 1, SampleGrid = grid } });
            return shown[^1].Split(' ');
        }

        CollectionAssert.AreEqual(Grid(0, 4)[3..], Grid(3, 1));
    }

    [TestMethod]
    public void Model_Saved_DoesNotKeepIt()
    {
        using var folder = new TemporaryFolder();
        using var later = _model.WithGeneration(_options with { FirstImage = 2 });
        _mlContext.Diffusion.SaveModel(later, null, folder.File("model.zip"));

        using var loaded = _mlContext.Diffusion.LoadDiffusionModel(folder.File("model.zip"));

        Assert.AreEqual((2L, 0L), (later.Generation.FirstImage, loaded.Generation.FirstImage));
        CollectionAssert.AreEqual(Pictures.Digests(later.Generate(1)), Pictures.Digests(loaded.Generate(3))[2..]);
        StringAssert.Contains($"{later.Generation}", "seed 9, from image 2 on, batches of 4");
    }

    [TestMethod]
    [DataRow(-1L)]
    [DataRow(1_000_000_000_000_001L)]
    public void FirstImage_OutsideItsRange_SaysWhy(long first)
    {
        Messages.Expect<ArgumentOutOfRangeException>(Message(first), () => _model.Generate(1, _options with { FirstImage = first }));
        Messages.Expect<ArgumentOutOfRangeException>(
            Message(first),
            () => _model.EvaluateLikelihood([Pictures.Bars(0)], new LikelihoodOptions { FirstImage = first }));
    }

    [TestMethod]
    public void FirstImage_TheLargest_IsAnImageOfItsOwn()
    {
        var last = _options with { FirstImage = 1_000_000_000_000_000 };

        Assert.AreNotEqual(Pictures.Digest(_model.Generate(1, last with { FirstImage = last.FirstImage - (1L << 32) })), Pictures.Digest(_model.Generate(1, last)));
        Assert.HasCount(2, Images(_mlContext.Diffusion.GenerateDataView(_model, 2, [0, 1], last)));
    }

    private static string Message(long first) =>
        $"FirstImage must be from 0 to 10^15, because it is the number of the first image within the seed, which counts its images from 0. (Parameter 'FirstImage')\nActual value was {first}.";

    private static string[] Images(IDataView rows) => [.. rows.GetColumn<MLImage>("Image").Select(image => Pictures.Digest([image]))];

    // The pixels of one image of a row of a sheet, whatever lies between images.
    private static string Cell(MLImage sheet, int cell, int cells)
    {
        var (bytes, gap) = (sheet.BitsPerPixel / 8, (sheet.Width - (cells * Pictures.Side)) / (cells + 1));
        var (left, top) = (gap + (cell * (Pictures.Side + gap)), (sheet.Height - Pictures.Side) / 2);
        var pixels = sheet.Pixels.ToArray();
        return Convert.ToHexString(
            [.. Enumerable.Range(0, Pictures.Side).SelectMany(y => pixels.Skip((((top + y) * sheet.Width) + left) * bytes).Take(Pictures.Side * bytes))]);
    }
}
