using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>diffusion generate, interpolate and onnx, with a model of two classes.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolDrawTests : IDisposable
{
    private static readonly string _model = SavedModel.Chain;

    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    private string Pictures => _folder.File("out");

    private string Sheet => _folder.File("sheet.png");

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Generate_Pictures_AreTheLibrarys()
    {
        var document = Generate("--count", "5", "--seed", "7", "--steps", "3", "--grid", Sheet, "--columns", "2", "--json").Done().Document;

        using var model = _context.Diffusion.LoadModel(_model, out _).GetDiffusion();
        var options =
            model.Generation with { Seed = 7, Sampler = model.Generation.Sampler with { Timesteps = TimestepSubset.Trailing(3) } };
        var expected = model.Generate([0, 1, 0, 1, 0], options);
        var files = document["files"]!.AsArray().Select(file => (string)file!).ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(0, 5).Select(i => Path.Combine(Pictures, $"0000{i}.png")).ToArray(), files);
        CollectionAssert.AreEqual(
            new[] { "even", "odd", "even", "odd", "even" },
            document["labels"]!.AsArray().Select(label => (string)label!).ToArray());
        Assert.AreEqual((7, options.ToString()), ((int)document["seed"]!, (string?)document["generation"]));
        CollectionAssert.AreEqual(Fixtures.Pictures.Digests(expected), Fixtures.Pictures.Digests(files.Select(Load)));
        using var sheet = Load(Sheet);
        Assert.AreEqual(((2 * (model.ImageWidth + 1)) + 1, (3 * (model.ImageHeight + 1)) + 1), (sheet.Width, sheet.Height));
    }

    [TestMethod]
    public void Generate_Sampler_IsWhatWasAsked()
    {
        var film = _folder.File("film.gif");

        var document =
            Generate("--count", "2", "--label", "odd", "--sampler", "ddim", "--steps", "3", "--eta", "0.5", "--guidance", "2", "--batch", "2", "--film", film, "--json").Done().Document;

        Assert.AreEqual($"{new DdimSampler(3, 0.5)}, guidance 2, seed {document["seed"]}, batches of 2", (string?)document["generation"]);
        CollectionAssert.AreEqual(new[] { "odd", "odd" }, document["labels"]!.AsArray().Select(label => (string)label!).ToArray());
        Assert.AreEqual((film, 3), ((string?)document["film"], GifFrames(film)));
    }

    [TestMethod]
    public void Generate_AgainIntoTheFolder_NeedsForce()
    {
        string[] one = ["--count", "1", "--unlabelled", "--steps", "1", "-q"];
        Generate("--count", "2", "--steps", "1", "-q").Done();
        string[] others = [_folder.Write("out/holiday.png", PictureFiles.Encode()), _folder.Write("out/2024.png", PictureFiles.Encode())];
        var first = Path.Combine(Pictures, "00000.png");

        var refused = Generate(one);
        var replaced = Generate([.. one, "--force"]).Done();

        Assert.AreEqual(
            (1, $"--output: '{first}' is there already. Add --force to replace the numbered pictures in the folder, or name another one."),
            (refused.ExitCode, refused.Error));
        StringAssert.StartsWith(replaced.Output, $"Wrote 1 picture to {first}\nDrawn by DDIM, 1 trailing step");
        CollectionAssert.AreEquivalent((string[])[first, .. others], Directory.GetFiles(Pictures));
    }

    [TestMethod]
    public void Generate_NoModel_LeavesNoFolder()
    {
        var run = ToolProcess.Run("generate", _folder.File("modle.zip"), "--output", Pictures);

        Assert.AreEqual((1, $"There is no file and no folder '{_folder.File("modle.zip")}'."), (run.ExitCode, run.Error));
        Assert.IsFalse(Directory.Exists(Pictures));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Interpolate_Pictures_AreTheLibrarys(bool isLinear)
    {
        var (from, to) =
            (_folder.Write("a.png", PictureFiles.Encode(number: 0)), _folder.Write("b.png", PictureFiles.Encode(number: 2, width: 20)));
        string[] way = isLinear ? ["--linear", "--depth", "300", "--seed", "5"] : ["--film", _folder.File("film.gif")];

        var document =
            ToolProcess.Run(
                ["interpolate", _model, from, to, "--count", "3", "--steps", "4", "--label", "odd", "--output", Sheet, "--frames", Pictures, "--json", .. way]).Done().Document;

        using var model = _context.Diffusion.LoadModel(_model, out _).GetDiffusion();
        var size = new ImageFolderOptions { Width = model.ImageWidth, Height = model.ImageHeight };
        var options = isLinear
            ? new InterpolationOptions { Path = InterpolationPath.Linear, Sampler = new DdpmSampler(4), Depth = 300, Seed = 5, Label = 1 }
            : new InterpolationOptions { Sampler = new DdimSampler(4), Label = 1 };
        var expected = model.Interpolate(_context.Diffusion.LoadImage(from, size), _context.Diffusion.LoadImage(to, size), 3, options);
        CollectionAssert.AreEqual(
            Fixtures.Pictures.Digests(expected),
            Fixtures.Pictures.Digests(document["frames"]!.AsArray().Select(file => Load((string)file!))));
        using var row = Load(Sheet);
        Assert.AreEqual(((3 * (model.ImageWidth + 1)) + 1, model.ImageHeight + 2), (row.Width, row.Height));
        Assert.AreEqual(isLinear ? "linear" : "spherical", (string?)document["path"]);
        if (!isLinear)
        {
            Assert.AreEqual(6, GifFrames(_folder.File("film.gif"))); // there and back
        }
    }

    [TestMethod]
    public void Onnx_Contents_AreTheLibrarys()
    {
        foreach (var content in Enum.GetValues<OnnxContent>())
        {
            var (path, expected) = (_folder.File($"{content}.onnx"), _folder.File("expected.onnx"));
            var name = content == OnnxContent.Network ? "network" : "generator";

            var document = ToolProcess.Run("onnx", _model, path, "--content", name, "--sampler", "heun", "--steps", "3", "--guidance", "2", "--json").Done().Document;

            using var model = _context.Diffusion.LoadDiffusionModel(_model);
            var options = model.Generation with { Sampler = new HeunSampler(3), GuidanceScale = 2 };
            _context.Diffusion.SaveOnnx(model, expected, content, options);
            CollectionAssert.AreEqual(File.ReadAllBytes(expected), File.ReadAllBytes(path));
            Assert.AreEqual((path, name, $"{options.Sampler}"), ((string?)document["output"], (string?)document["content"], (string?)document["sampler"]));
            Assert.AreEqual(new FileInfo(path).Length, (long)document["bytes"]!);
        }

        var refused = ToolProcess.Run("onnx", _model, _folder.File("Network.onnx"));
        Assert.AreEqual(
            (1, $"OUTPUT: '{_folder.File("Network.onnx")}' is there already. Add --force to replace it, or name another file."),
            (refused.ExitCode, refused.Error));
    }

    private ToolProcess.Result Generate(params string[] arguments) =>
        ToolProcess.Run(["generate", _model, "--output", Pictures, .. arguments]);

    // Each frame has a graphic control block.
    private static int GifFrames(string path)
    {
        var (bytes, start) = (File.ReadAllBytes(path), new byte[] { 0x21, 0xF9, 4 });
        CollectionAssert.AreEqual("GIF89a"u8.ToArray(), bytes[..6]);
        return Enumerable.Range(0, bytes.Length - start.Length).Count(i => bytes.AsSpan(i, start.Length).SequenceEqual(start));
    }

    private MLImage Load(string path) => _context.Diffusion.LoadImage(path);
}
