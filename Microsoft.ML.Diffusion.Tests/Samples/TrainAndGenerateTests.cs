using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ImageMagick;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>What samples/TrainAndGenerate writes, in its quick form, run as a user runs it: built, in its own process.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed partial class TrainAndGenerateTests
{
    private const int Cell = Garments.Side + 1; // a picture and its padding
    private const int Steps = 8;
    private const int Kinds = 10;

    private static readonly Lazy<(TemporaryFolder Folder, string Output)> _run = new(() =>
    {
        var folder = new TemporaryFolder();
        return (folder, RunSample("", "--quick", "--output", folder.Path));
    });

    [ClassCleanup]
    public static void DeleteFiles()
    {
        if (_run.IsValueCreated)
        {
            _run.Value.Folder.Dispose();
        }
    }

    [TestMethod]
    public void Sample_Quick_WritesItsFilesAndNoOther()
    {
        var (folder, output) = _run.Value;

        var files =
            Directory.GetFileSystemEntries(folder.Path, "*", new EnumerationOptions { AttributesToSkip = 0 }).Select(Path.GetFileName);

        CollectionAssert.AreEquivalent(
            (string[])["denoising.gif", "denoising.png", "interpolation.png", "loss.svg", "model.zip", "nearest.png", "report.html", "samples.png", "training.csv"],
            files.ToArray(),
            output);
        StringAssert.Contains(output, "draws the same pictures, pixel by pixel.");
    }

    [TestMethod]
    public void DenoisingPng_HasARowForEachKindAndAColumnForEachStep()
    {
        using var sheet = new MagickImage(FileOf("denoising.png"));

        Assert.AreEqual((1 + (Steps * Cell), 1 + (Kinds * Cell)), ((int)sheet.Width, (int)sheet.Height));
        StringAssert.Contains(_run.Value.Output, "after 1, 2, 3, 4, 5, 6, 7, 8 of 8 steps");
    }

    [TestMethod]
    public void DenoisingGif_PlaysForEverFromNoiseToThePicturesOfTheSheet_AndPausesThere()
    {
        using var film = new MagickImageCollection(FileOf("denoising.gif"));
        film.Coalesce();
        using var sheet = new MagickImage(FileOf("denoising.png"));

        Assert.HasCount(Steps, film);
        Assert.AreEqual(0u, film[0].AnimationIterations, "0 is for ever");
        CollectionAssert.AreEqual(
            (uint[])[.. Enumerable.Repeat(10u, Steps - 1), 250],
            film.Select(frame => frame.AnimationDelay).ToArray());
        for (var picture = 0; picture < Kinds; picture++)
        {
            AssertSame(CellOf(film[0], picture % 5, picture / 5, scale: 3), CellOf(sheet, 0, picture));
            AssertSame(CellOf(film[^1], picture % 5, picture / 5, scale: 3), CellOf(sheet, Steps - 1, picture));
            Assert.IsGreaterThan(10, Difference(CellOf(sheet, 0, picture), CellOf(sheet, Steps - 1, picture)));
        }
    }

    [TestMethod]
    public void InterpolationPng_BeginsAndEndsEachRowWithRealPictures()
    {
        using var sheet = new MagickImage(FileOf("interpolation.png"));
        var garments = Garments.Pictures(8);

        Assert.AreEqual((1 + (10 * Cell), 1 + (8 * Cell)), ((int)sheet.Width, (int)sheet.Height));
        for (var row = 0; row < 8; row++)
        {
            var pair = row / 2;
            AssertSame(Levels(garments[2 * pair]), CellOf(sheet, 0, row));
            AssertSame(Levels(garments[(2 * pair) + 1]), CellOf(sheet, 9, row));
        }
    }

    [TestMethod]
    public void TrainingCsv_HasALineForEachReport_AndValidations()
    {
        var lines = File.ReadAllLines(FileOf("training.csv"));

        Assert.AreEqual("step,epoch,seconds,loss,validation_loss,learning_rate,images_per_second,skipped_steps", lines[0]);
        var rows =
            lines.Skip(1)
                .Select(line =>
                    line.Split(',')
                        .Select(value => value.Length == 0 ? double.NaN : double.Parse(value, CultureInfo.InvariantCulture))
                        .ToArray())
                .ToList();
        CollectionAssert.AreEqual((double[])[1, 10, 20], rows.Select(row => row[0]).ToArray());
        Assert.IsTrue(rows.TrueForAll(row => row.Length == 8 && row.Where((_, i) => i != 4).All(double.IsFinite)), string.Join('\n', lines));
        Assert.AreEqual(20 * 32 / 10_000.0, rows[^1][1], 1e-9);
        Assert.IsLessThan(rows[1][4], rows[2][4]);
    }

    [TestMethod]
    public void LossSvg_IsADocumentOfItsOwnWithBothLosses()
    {
        var svg = XDocument.Load(FileOf("loss.svg")); // which throws at a DTD

        Assert.IsEmpty(svg.Descendants().Where(element => element.Name.LocalName == "text"), "text needs a font");
        var texts = svg.Descendants().Select(element => element.Attribute("aria-label")?.Value).OfType<string>().ToList();
        CollectionAssert.IsSubsetOf((string[])["training", "validation", "optimizer step", "mean loss", "0", "20"], texts);
        var lines =
            svg.Descendants()
                .Where(element =>
                    element.Name.LocalName == "polyline"
                        && element.Attribute("style")!.Value.Contains("stroke-linejoin", StringComparison.Ordinal))
                .ToList();
        CollectionAssert.AreEqual(
            (int[])[3, 2],
            lines.Select(line => line.Attribute("points")!.Value.Split(' ').Length).ToArray(),
            "three reports, two validations");
    }

    [TestMethod]
    public void Report_HoldsEveryPictureAndRefersToNothingOutside()
    {
        var html = File.ReadAllText(FileOf("report.html"));

        var sources = Source().Matches(html).Select(match => match.Groups[1].Value).ToList();
        CollectionAssert.AreEqual(
            ((string[])["samples.png", "denoising.gif", "denoising.png", "interpolation.png", "nearest.png"]).Select(
                name => $"data:image/{Path.GetExtension(name)[1..]};base64,{Convert.ToBase64String(File.ReadAllBytes(FileOf(name)))}").ToArray(),
            sources);
        Assert.DoesNotMatchRegex(Reference(), html);
        Assert.HasCount(1, Regex.Matches(html, "<svg "));
        foreach (var fact in (string[])["20 steps of 32 from 10,000 pictures", "Validation loss", "969,572 weights", "Fashion-MNIST, 10,000 garments, 28x28, labelled", "<h2>Copies</h2>", "<span>generated</span><span>training</span>", "<span>T-shirt/top</span>", "<span>spherical</span><span>linear</span>"])
        {
            StringAssert.Contains(html, fact);
        }
    }

    [TestMethod]
    public void Sample_FolderAndItsModelAfterwards_ReportsWhatThereIs()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 12; i++)
        {
            folder.Write($"photos/{i:D2}.png", PictureFiles.Encode(SKEncodedImageFormat.Png, i, width: 20, height: 16));
        }

        folder.Write("photos/broken.png", [1, 2, 3]);
        string[] quick = ["--quick", "--images", folder.File("photos")];

        const string Skipped = "Skipped broken.png: its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)\n";
        RunSample(Skipped, [.. quick, "--output", folder.File("trained")]);
        var drawn =
            RunSample(
                Skipped,
                [.. quick, "--model", folder.File("trained/model.zip"), "--generate", "3", "--output", folder.File("drawn")]);

        Assert.Contains("validation loss", File.ReadAllText(folder.File("trained/report.html")).ToLowerInvariant());
        CollectionAssert.AreEquivalent(
            (string[])["00000.png", "00001.png", "00002.png"],
            Directory.GetFiles(folder.File("drawn/generated")).Select(Path.GetFileName).ToArray(),
            drawn);
        CollectionAssert.AreEquivalent(
            (string[])["denoising.gif", "denoising.png", "interpolation.png", "report.html", "samples.png"],
            Directory.GetFiles(folder.File("drawn")).Select(Path.GetFileName).ToArray(),
            drawn);
        CollectionAssert.AreEqual(
            File.ReadAllBytes(folder.File("trained/samples.png")),
            File.ReadAllBytes(folder.File("drawn/samples.png")));
        var html = File.ReadAllText(folder.File("drawn/report.html"));
        StringAssert.Contains(html, "<h1>Pictures by model.zip</h1>");
        Assert.DoesNotContain("<svg ", html);
    }

    [TestMethod]
    public void Sample_OptionsOfTheTool_AreNotItsOwn()
    {
        var help = RunSample("", "--help");
        var (exitCode, _, error) = SampleProcess.Run("TrainAndGenerate", "--steps", "5");

        CollectionAssert.AreEquivalent(
            (string[])["--images", "--model", "--generate", "--quick", "--output", "--help", "--version"],
            OptionName().Matches(help).Select(match => match.Value).ToArray(),
            help);
        Assert.AreEqual(1, exitCode);
        StringAssert.Contains(error, "'--steps'");
        StringAssert.Contains(error, "diffusion train");
    }

    [TestMethod]
    public void Sample_NegativeNumberOfPictures_SaysSoAndFails()
    {
        var (exitCode, _, error) = SampleProcess.Run("TrainAndGenerate", "--generate", "-1");

        Assert.AreEqual(1, exitCode);
        StringAssert.Contains(error, "--generate must be at least 0");
    }

    [TestMethod]
    public void Sample_NoSuchFolder_SaysSoAndFails()
    {
        var (exitCode, output) =
            BuildFiles.RunDotnet("exec", SampleProcess.Assembly("TrainAndGenerate"), "--images", "nowhere", "--output", Path.GetTempPath());

        Assert.AreEqual(1, exitCode);
        StringAssert.Contains(output, "nowhere");
        Assert.HasCount(1, output.Split('\n'), output);
    }

    private static string FileOf(string name) => _run.Value.Folder.File(name);

    /// <summary>Runs the sample, whose standard error must hold its own warnings and nothing else.</summary>
    private static string RunSample(string warnings, params string[] arguments)
    {
        var (exitCode, output, error) = SampleProcess.Run("TrainAndGenerate", arguments);
        Assert.AreEqual((0, warnings), (exitCode, error), output);
        return output.Trim();
    }

    // The red, which is the grey, of a picture in a grid of pixels each scale wide.
    private static byte[] CellOf(IMagickImage<byte> sheet, int column, int row, int scale = 1)
    {
        using var pixels = sheet.GetPixels();
        var levels = new byte[Garments.Side * Garments.Side];
        for (var i = 0; i < levels.Length; i++)
        {
            var (x, y) = (1 + (column * Cell) + (i % Garments.Side), 1 + (row * Cell) + (i / Garments.Side));
            levels[i] = pixels.GetPixel(scale * x, scale * y).ToColor()!.R;
        }

        return levels;
    }

    private static byte[] Levels(Microsoft.ML.Data.MLImage image) => [.. image.Pixels.ToArray().Where((_, i) => i % 4 == 0)];

    private static void AssertSame(byte[] expected, byte[] actual) => CollectionAssert.AreEqual(expected, actual);

    private static double Difference(byte[] first, byte[] second) => first.Zip(second, (a, b) => Math.Abs(a - b)).Average();

    [GeneratedRegex("(?<![\\w-])--[a-z]+")]
    private static partial Regex OptionName();

    [GeneratedRegex("src=\"([^\"]*)\"")]
    private static partial Regex Source();

    // Anything that a page can load, but data and its own parts; the names of XML's vocabularies are no addresses.
    [GeneratedRegex("<script|<iframe|@import|href=\"(?!data:)|src=\"(?!data:)|url\\((?!#|data:)|(?<!xmlns=\"|xmlns:xlink=\")https?://", RegexOptions.IgnoreCase)]
    private static partial Regex Reference();
}
