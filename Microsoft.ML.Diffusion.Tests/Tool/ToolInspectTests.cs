using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>diffusion inspect of folders and files that no training made.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolInspectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Photos => _folder.File("photos");

    public void Dispose() => _folder.Dispose();

    [TestInitialize]
    public void WritePhotos()
    {
        for (var i = 0; i < 4; i++)
        {
            _folder.Write($"photos/{(i % 2 == 0 ? "even" : "odd")}/{i}.png", PictureFiles.Encode(number: i, width: 8 + i));
        }

        _folder.Write("photos/notes.txt", [.. "notes"u8]);
    }

    [TestMethod]
    public void Inspect_Folders_TellWhatIsInThem()
    {
        var exported = _folder.File("exported");
        var context = new MLContext();
        using (var model = context.Diffusion.LoadModel(SavedModel.Chain, out _).GetDiffusion())
        {
            context.Diffusion.SaveDiffusers(model, exported);
        }

        var pictures = ToolProcess.Run("inspect", Photos, "-q").Done();
        var diffusers = ToolProcess.Run("inspect", exported, "--json").Done().Document;

        Assert.AreEqual(
            $"{context.Diffusion.InspectImages(Photos)}\n  notes.txt: its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)",
            pictures.Output);
        Assert.AreEqual(
            ("diffusers", context.Diffusion.InspectDiffusers(exported).Description),
            ((string?)diffusers["kind"], (string?)diffusers["description"]));
    }

    [TestMethod]
    [DataRow("", 0)]
    [DataRow("--background black", 1)]
    [DataRow("--background #000000", 1)]
    [DataRow("--background #fE8000", 0)]
    [DataRow("--pixel-range 0..255", 0)]
    [DataRow("--pixel-range 300..65535", 1)]
    public void Inspect_BackgroundAndRange_DecideWhichPicturesAreBlank(string arguments, int blank)
    {
        _folder.Write("few/black.png", PictureFiles.Encode(SkiaSharp.SKEncodedImageFormat.Png, 2, 1, [0, 0, 0, 255, 0, 0, 0, 0]));
        _folder.Write("few/deep.png", PictureFiles.Png(2, 1, 16, 0, [0, 0x00, 0x20, 0x01, 0x10]));

        var run = ToolProcess.Run(["inspect", _folder.File("few"), "--json", "-q", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Done();

        var images = new MLContext().Diffusion.InspectImages(_folder.File("few"));
        Assert.AreEqual((2, blank), (images.Count, (int)run.Document["blank_count"]!));
    }

    [TestMethod]
    [DataRow("""{"album": "holidays"}""", "pictures")]
    [DataRow("no json", "pictures")]
    [DataRow("""{"_class_name": "UNet2DModel"}""", null)]
    public void Inspect_PicturesBesideAConfig_AreNoModel(string config, string? kind)
    {
        _folder.Write("photos/config.json", System.Text.Encoding.UTF8.GetBytes(config));

        var run = ToolProcess.Run("inspect", Photos, "--json", "-q");

        Assert.AreEqual((kind is null ? 1 : 0, kind), (run.ExitCode, (string?)run.Document["kind"]));
    }

    [TestMethod]
    public void Inspect_NamesForATerminal_AreShownOnly()
    {
        const string Name = "\u001b[2J\r\u202e.txt";
        _folder.Write($"strange/{Name}", [.. "notes"u8]);

        var text = ToolProcess.Run("inspect", _folder.File("strange")).Done();
        var document = ToolProcess.Run("inspect", _folder.File("strange"), "--json").Done().Document;

        StringAssert.EndsWith(text.Output, "  ?[2J??.txt: its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA)");
        Assert.AreEqual(Name, (string?)document["skipped"]![0]!["path"]);
    }

    [TestMethod]
    public void Inspect_DamagedWeights_Fails()
    {
        var damaged = _folder.Write("damaged.zip", SavedModel.With(File.ReadAllBytes(SavedModel.Chain), "weights.safetensors", content =>
        {
            content[^1] ^= 1;
            return content;
        }));

        var run = ToolProcess.Run("inspect", damaged);

        Assert.AreEqual(1, run.ExitCode);
        StringAssert.EndsWith(run.Output, "SHA-256   THE WEIGHTS DO NOT MATCH THEIRS: the file is damaged, use another copy");
    }
}
