using System.Text.Json.Nodes;
using ImageMagick;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>'diffusion evaluate' on a few images: each takes a tenth of a second of ResNet-18.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolEvaluateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Help_IsInTheDocument()
    {
        var document = File.ReadAllText(BuildFiles.InRoot("docs", "tool.md")).ReplaceLineEndings("\n");

        StringAssert.Contains(document, $"```text\n{ToolProcess.RunEvaluation("--help").Done().Output}\n```");
    }

    [TestMethod]
    public void Evaluate_Copies_ArePerfectAndNamed()
    {
        var real = Garments.Pictures(30);
        for (var i = 0; i < real.Length; i++)
        {
            real[i].Save(Prepared($"real/{i:D2}.png"));
            if (i % 2 == 0)
            {
                real[i].Save(Prepared($"generated/{99 - i}.png")); // the other way around
            }
        }

        var run = ToolProcess.RunEvaluation(
            "--json", "--quiet", _folder.File("real"), _folder.File("generated"), "--sheet", _folder.File("nearest.png")).Done();

        Assert.AreEqual("", run.Error);
        var (metrics, floor, copies) = (run.Document["metrics"]!, run.Document["floor"]!, run.Document["memorization"]!);
        Assert.AreEqual(1, (double)metrics["precision"]!);
        Assert.AreEqual((30, 15, 512), ((int)metrics["number_of_real_rows"]!, (int)metrics["number_of_generated_rows"]!, (int)metrics["number_of_features"]!));
        Assert.AreEqual((15, 15), ((int)floor["number_of_real_rows"]!, (int)floor["number_of_generated_rows"]!));
        Assert.IsGreaterThan((double)metrics["frechet_distance"]!, (double)floor["frechet_distance"]!, "half of the images are nearer to all than to the other half");
        Assert.AreEqual((28, 28), ((int)run.Document["width"]!, (int)run.Document["height"]!));
        Assert.IsTrue((bool)copies["is_suspicious"]!);
        Assert.AreEqual(1, (double)copies["share_of_near_copies"]!);
        foreach (var match in copies["nearest"]!.AsArray())
        {
            Assert.AreEqual(NumberIn(match!["training"]!), 99 - NumberIn(match["generated"]!));
            Assert.AreEqual(0, (double)match["distance"]!, 1e-3);
        }

        using var sheet = new MagickImage(_folder.File("nearest.png"));
        Assert.AreEqual((291, 59), ((int)sheet.Width, (int)sheet.Height));
    }

    [TestMethod]
    public void Evaluate_ImagesOfAllSizes_AreBroughtToThatOfTheGenerated()
    {
        for (var i = 0; i < 6; i++)
        {
            _folder.Write($"real/{i}.png", PictureFiles.Encode(SKEncodedImageFormat.Png, i, width: 90 + (20 * i), height: 70));
            _folder.Write($"generated/{i}.png", PictureFiles.Encode(SKEncodedImageFormat.Png, i + 10, width: i == 5 ? 60 : 24, height: 16));
        }

        using var grey = Pictures.Bars(1);
        grey.Save(_folder.File("real/grey.png"));
        _folder.Write("real/broken.png", [1, 2, 3]);

        var run = ToolProcess.RunEvaluation(_folder.File("real"), _folder.File("generated")).Done();

        StringAssert.Contains(run.Error, "Skipped 'broken.png'");
        StringAssert.Contains(run.Output, "real halves");
        StringAssert.Contains(run.Output, "too few", "7 images have no halves of 4");
        StringAssert.Contains(run.Output, "of 6 generated images are near copies of one of 7 training images");
    }

    [TestMethod]
    [DataRow(1, "There is no folder 'nothing'.", "nothing", "there")]
    [DataRow(1, "There is no file and no folder 'nothing'.", "there", "nothing")]
    [DataRow(1, "There is no folder 'nothing'.", "there", "there", "--training", "nothing")]
    [DataRow(2, "--training is for when REAL has other images than those that were learned from, but both are 'there'. Leave it out.", "there", "there", "--training", "there")]
    [DataRow(1, "There is no file 'nothing'.", "--merge", "nothing")]
    [DataRow(2, "--merge stands alone with its files, because all else is decided in them. Leave out what is beside it.", "there", "--merge", "nothing")]
    [DataRow(2, "--merge stands alone with its files, because all else is decided in them. Leave out what is beside it.", "--seed", "3", "--merge", "nothing")]
    [DataRow(2, "--count is for a model, because of a folder all images are taken, but 'there' is a folder. Leave it out.", "there", "there", "--count", "9")]
    [DataRow(2, "GENERATED is missing: A folder of generated images, or a model to generate them with: a model.zip, or a folder of Python's diffusers. 'diffusion evaluate --help' lists what can be given.", "there")]
    public void WrongUsage_IsNamedAsTyped(int exitCode, string message, params string[] arguments)
    {
        Directory.CreateDirectory(_folder.File("there"));

        var run = ToolProcess.RunEvaluation([.. arguments.Select(argument => argument == "there" ? _folder.File("there") : argument)]);

        Assert.AreEqual((exitCode, message.Replace("'there'", $"'{_folder.File("there")}'", StringComparison.Ordinal)), (run.ExitCode, run.Error));
    }

    [TestMethod]
    public void Evaluate_TooFewImages_AreRefusedBeforeTheWork()
    {
        foreach (var (i, picture) in Garments.Pictures(4).Index())
        {
            picture.Save(Prepared($"four/{i}.png"));
            if (i < 2)
            {
                picture.Save(Prepared($"two/{i}.png"));
            }
        }

        string Error(params string[] arguments)
        {
            var run = ToolProcess.RunEvaluation(arguments);
            Assert.AreEqual(1, run.ExitCode);
            Assert.DoesNotContain("Features of", run.Error);
            Assert.DoesNotContain("Generating", run.Error);
            return run.Error.Split('\n')[^1];
        }

        var (two, four) = (_folder.File("two"), _folder.File("four"));
        var few = $"There are 2 images of '{two}', but 4 are needed at least: of fewer the kernel distance has no standard error.";
        Assert.AreEqual(few, Error(two, four));
        Assert.AreEqual(few, Error(four, two));
        Assert.AreEqual(few, Error(two, SavedModel.Chain));
        foreach (var generated in new[] { four, SavedModel.Chain })
        {
            Assert.AreEqual(
                "--sheet needs three training images at least, to compare with. Leave it out.",
                Error(four, generated, "--training", two, "--sheet", _folder.File("nearest.png")));
        }
    }

    [TestMethod]
    public void Tool_Evaluate_RunsTheProgramOrSaysWhereItIs()
    {
        var found = ToolProcess.RunBesideEvaluation(isThere: true, "--json", "evaluate", "nothing", "there");
        var missing = ToolProcess.RunBesideEvaluation(isThere: false, "evaluate", "nothing", "there");

        Assert.AreEqual((1, "There is no folder 'nothing'."), (found.ExitCode, found.Error));
        Assert.AreEqual("There is no folder 'nothing'.", (string)found.Document["error"]!);
        Assert.AreEqual(
            (1, "'diffusion evaluate' is in a package of its own, because it carries a network of 60 MB, and there is no program 'diffusion-evaluate' beside this one or on the PATH. Install it: dotnet tool install --global Microsoft.ML.Diffusion.Tool.Evaluate --add-source packages"),
            (missing.ExitCode, missing.Error));
    }

    [TestMethod]
    public void Evaluate_Model_GeneratesWhatItJudges()
    {
        var real = Garments.Pictures(8, unseen: true);
        for (var i = 0; i < real.Length; i++)
        {
            real[i].Save(Prepared($"real/{i}.png"));
        }

        var run = ToolProcess.RunEvaluation("--json", _folder.File("real"), SavedModel.Chain, "--count", "5", "--sheet", _folder.File("nearest.png")).Done();
        var sized = ToolProcess.RunEvaluation(_folder.File("real"), SavedModel.Chain, "--size", "28");

        Assert.AreEqual((5, 8), ((int)run.Document["metrics"]!["number_of_generated_rows"]!, (int)run.Document["metrics"]!["number_of_real_rows"]!));
        Assert.IsNull(run.Document["memorization"]!["nearest"]![0]!["generated"]);
        Assert.AreEqual((8, 8), ((int)run.Document["width"]!, (int)run.Document["height"]!), "the size of the model's images");
        Assert.AreEqual(
            (2, "--size is for folders, because the images of a model have a size, to which the real ones are brought. Leave it out."),
            (sized.ExitCode, sized.Error));
    }

    [TestMethod]
    public void Merge_SavedParts_HaveTheDistanceOfOneRun()
    {
        var (real, generated) = (Garments.Pictures(40, unseen: true), Garments.Pictures(24));
        for (var i = 0; i < real.Length; i++)
        {
            real[i].Save(Prepared($"real/{i:D2}.png"));
        }

        for (var i = 0; i < generated.Length; i++)
        {
            generated[i].Save(Prepared($"all/{i:D2}.png"));
            generated[i].Save(Prepared($"{(i < 9 ? "first" : "second")}/{i:D2}.png"));
        }

        var whole = ToolProcess.RunEvaluation("--json", "-q", _folder.File("real"), _folder.File("all"), "--save", _folder.File("all.zip")).Done();
        ToolProcess.RunEvaluation("-q", _folder.File("real"), _folder.File("first"), "--save", _folder.File("0.zip")).Done();
        var second = ToolProcess.RunEvaluation("-q", _folder.File("0.zip"), _folder.File("second"), "--save", _folder.File("1.zip")).Done();
        var merged = ToolProcess.RunEvaluation("--json", "--merge", _folder.File("0.zip"), _folder.File("1.zip")).Done();
        var alone = ToolProcess.RunEvaluation("--json", "--merge", _folder.File("all.zip")).Done();

        var distance = (double)whole.Document["metrics"]!["frechet_distance"]!;
        Assert.AreEqual(distance, (double)merged.Document["metrics"]!["frechet_distance"]!, 1e-9 * distance);
        Assert.AreEqual(distance, (double)alone.Document["metrics"]!["frechet_distance"]!, 1e-9 * distance);
        Assert.AreEqual((24, 40, 2), ((int)merged.Document["metrics"]!["number_of_generated_rows"]!, (int)merged.Document["metrics"]!["number_of_real_rows"]!, (int)merged.Document["parts"]!));
        StringAssert.Contains(second.Output, "All other figures need the features of all images at once: each part's own run has them.");
    }

    [TestMethod]
    public void Merge_PartsThatDoNotGoTogether_SayWhy()
    {
        foreach (var (folder, side, first) in new[] { ("real", 8, 0), ("other", 8, 3), ("generated", 8, 10), ("large", 16, 10) })
        {
            for (var i = 0; i < 5; i++)
            {
                _folder.Write($"{folder}/{i}.png", PictureFiles.Encode(SKEncodedImageFormat.Png, first + i, width: side, height: side));
            }
        }

        ToolProcess.Result Save(string real, string generated, string file) =>
            ToolProcess.RunEvaluation("-q", _folder.File(real), _folder.File(generated), "--save", _folder.File(file)).Done();
        Save("real", "generated", "0.zip");
        Save("other", "generated", "1.zip");
        Save("real", "large", "2.zip");
        _folder.Write("3.zip", [1, 2, 3]);
        ToolProcess.Result Merge(string file) => ToolProcess.RunEvaluation("--merge", _folder.File("0.zip"), _folder.File(file));
        var model = ToolProcess.RunEvaluation(_folder.File("2.zip"), SavedModel.Chain);
        var (zero, sheet) = (_folder.File("0.zip"), ToolProcess.RunEvaluation(_folder.File("0.zip"), _folder.File("generated"), "--sheet", _folder.File("s.png")));

        Assert.AreEqual(
            (1, $"'{_folder.File("1.zip")}' is beside other real images than '{zero}', so that there is no distance of all. Evaluate it again with '{zero}' in the place of REAL, which has its real images."),
            (Merge("1.zip").ExitCode, Merge("1.zip").Error));
        StringAssert.StartsWith(Merge("2.zip").Error, $"'{_folder.File("2.zip")}' is of 16x16 images by ResNet-18 of Microsoft.ML.DnnImageFeaturizer.ResNet18, but '{zero}' of 8x8 by ResNet-18");
        Assert.AreEqual(1, model.ExitCode);
        StringAssert.EndsWith(
            model.Error,
            $"'{_folder.File("2.zip")}' is of 16x16 images by ResNet-18 of Microsoft.ML.DnnImageFeaturizer.ResNet18, but the generated ones are 8x8 by ResNet-18 of Microsoft.ML.DnnImageFeaturizer.ResNet18. Name the folder of the real images.");
        Assert.DoesNotContain("Generating", model.Error);
        StringAssert.StartsWith(Merge("3.zip").Error, $"The file '{_folder.File("3.zip")}' is none that --save has written: ");
        Assert.AreEqual(
            (2, "--sheet is for a folder as REAL, because a file of --save has means and covariances of images of a size, and no images. Leave it out."),
            (sheet.ExitCode, sheet.Error));
    }

    private static int NumberIn(JsonNode path) => int.Parse(Path.GetFileNameWithoutExtension((string)path!), System.Globalization.CultureInfo.InvariantCulture);

    private string Prepared(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        return _folder.File(name);
    }
}
