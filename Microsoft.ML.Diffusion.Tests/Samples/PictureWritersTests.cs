using ImageMagick;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>The pictures of the samples, by a small model.</summary>
[TestClass]
public sealed class PictureWritersTests
{
    private static DiffusionTransformer _labelled = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _labelled = TinyModel.Train(TinyModel.Labelled);

    [ClassCleanup]
    public static void DisposeModel() => _labelled.Dispose();

    [TestMethod]
    public void Sheet_Classes_StandOneAfterAnother()
    {
        var options = _labelled.Generation;

        var sheet = SampleSheet.Draw(_labelled, 5, options);

        Assert.IsTrue(SampleSheet.AreEqual(_labelled.Generate([0, 0, 0, 1, 1], options), sheet));
        Assert.IsFalse(SampleSheet.AreEqual(_labelled.Generate([0, 0, 1, 1, 1], options), sheet));
        Assert.IsTrue(SampleSheet.AreEqual(_labelled.Generate([0, 1, 0], options), SampleSheet.DrawInTurn(_labelled, 3, options)));
        Assert.AreEqual("1-3 even, 4-5 odd", SampleSheet.Describe(_labelled, 5));
        Assert.AreEqual("1 even", SampleSheet.Describe(_labelled, 1));
    }

    [TestMethod]
    public void Film_SeveralBatches_ShowsTheSamePicturesAtLast()
    {
        var options = _labelled.Generation with { BatchSize = 2 };
        var steps = 0;

        using var film = DenoisingFilm.Record(_labelled, 3, options with { Observer = _ => steps++ });

        Assert.AreEqual((4, 3, 8), (film.NumberOfSteps, film.NumberOfPictures, steps));
        CollectionAssert.AreEqual((string[])["even", "even", "odd"], film.Names.ToArray());
        using var sheet = film.ToSheet(columns: 2);
        var finished = _labelled.Generate([0, 0, 1], options);
        using var expected = ImageGrid.Create(finished, columns: 1, padding: 1);
        CollectionAssert.AreEqual(Columns(expected, 0, 10), Columns(sheet, 9, 19));
    }

    [TestMethod]
    [DataRow(10, 5, "1, 4, 7, 10")]
    [DataRow(10, 2, "1, 10")]
    [DataRow(10, 100, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    [DataRow(1, 2, "1")]
    public void Film_FewerColumnsThanSteps_AreEvenlyApart(int steps, int columns, string expected)
    {
        using var film = DenoisingFilm.Record(_labelled, 1, _labelled.Generation with { Sampler = new DdimSampler(steps) });

        Assert.AreEqual(expected, string.Join(", ", film.StepsOf(columns)));
    }

    [TestMethod]
    public void Film_MoreStepsThanAreKept_KeepsTheFirstAndTheLast()
    {
        using var folder = new TemporaryFolder();
        using var film = DenoisingFilm.Record(_labelled, 1, _labelled.Generation with { Sampler = new DdimSampler(30) }, mostFrames: 4);

        film.SaveGif(folder.File("film.gif"), columns: 1, mostFrames: 3);

        Assert.AreEqual("1, 10, 20, 30", string.Join(", ", film.StepsOf(9)));
        using var gif = new MagickImageCollection(folder.File("film.gif"));
        Assert.HasCount(3, gif);
        Assert.AreEqual((30u, 30u), (gif[0].Width, gif[0].Height), "8 pixels and their padding, three times as large");
    }

    [TestMethod]
    public void Interpolation_Pairs_HaveARowForEachPath()
    {
        var pictures = Enumerable.Range(0, 5).Select(i => Pictures.Bars(i)).ToArray();
        InterpolationOptions[] paths =
            [new() { Sampler = new DdimSampler(2) }, new() { Path = InterpolationPath.Linear, Sampler = new DdpmSampler(2), Seed = 1 }];
        var shares = new Shares();

        using var sheet = InterpolationSheet.Draw(_labelled, pictures, columns: 3, paths, shares);

        Assert.AreEqual((1 + (5 * 9), 1 + (4 * 9)), (sheet.Width, sheet.Height));
        CollectionAssert.AreEqual((double[])[0.25, 0.5, 0.75, 1], shares.Values.ToArray());
        using var ends = ImageGrid.Create([pictures[0], pictures[0], pictures[2], pictures[2]], columns: 1, padding: 1);
        CollectionAssert.AreEqual(Columns(ends, 0, 10), Columns(sheet, 0, 10));
    }

    [TestMethod]
    public void Interpolation_OnePicture_SaysWhatItNeeds()
    {
        var exception =
            Assert.ThrowsExactly<ArgumentException>(() => InterpolationSheet.Draw(_labelled, [Pictures.Bars(0)], columns: 3, [new()]));

        Assert.AreEqual("An interpolation needs two pictures at least, and a path between them. (Parameter 'ends')", exception.Message);
    }

    // The pixels of some columns of a picture.
    private static byte[] Columns(MLImage image, int from, int to)
    {
        var pixels = image.Pixels.ToArray();
        return [.. pixels.Chunk(4 * image.Width).SelectMany(row => row[(4 * from)..(4 * to)])];
    }

    private sealed class Shares : IProgress<double>
    {
        public List<double> Values { get; } = [];

        public void Report(double value) => Values.Add(value);
    }
}
