using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>What the tool says of itself and of what it cannot do: one line on the standard error, and the exit code.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolUsageTests : IDisposable
{
    private const string Places = "'diffusion train --help' lists what can be given.";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("")]
    [DataRow("train ")]
    [DataRow("generate ")]
    [DataRow("interpolate ")]
    [DataRow("serve ")]
    [DataRow("describe ")]
    [DataRow("inspect ")]
    [DataRow("distill ")]
    [DataRow("onnx ")]
    public void Help_IsInTheDocument(string command)
    {
        var document = File.ReadAllText(BuildFiles.InRoot("docs", "tool.md")).ReplaceLineEndings("\n");

        var help = ToolProcess.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Done();

        StringAssert.Contains(document, $"```text\n{help.Output}\n```");
        Assert.AreEqual("", help.Error);
    }

    [TestMethod]
    [DataRow("", "A command is missing. 'diffusion --help' lists what can be given.")]
    [DataRow("draw", "'draw' is not known here. 'diffusion --help' lists what can be given.")]
    [DataRow("train", $"IMAGES is missing: A folder of PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA pictures of any size. {Places}")]
    [DataRow("train photos more", $"'more' is not known here. {Places}")]
    [DataRow("train photos --stepps 5", $"'--stepps' is not known here. Did you mean '--steps'? {Places}")]
    [DataRow("train photos --checkpoint --flip", $"--checkpoint needs a value, but '--flip' follows. Write ./--flip if it is the name of a folder. {Places}")]
    [DataRow("train photos --steps --flip", $"--steps needs a value, but '--flip' follows. {Places}")]
    [DataRow("train photos --device gpu", $"--device must be cpu, cuda, or cuda: and the number of the card, but is 'gpu'. {Places}")]
    [DataRow("train photos --checkpoint", $"--checkpoint needs a value: Keep checkpoints in this folder: after Ctrl+C, a crash or a kill the same command goes on from there. {Places}")]
    [DataRow("train photos --steps 0", $"--steps must be a whole number of at least 1, but is '0'. {Places}")]
    [DataRow("train photos --steps 1.5", $"--steps must be a whole number of at least 1, but is '1.5'. {Places}")]
    [DataRow("train photos --learning-rate fast", $"--learning-rate must be a number, but is 'fast'. {Places}")]
    [DataRow("train photos --time 5", $"--time must be a time above zero such as 90s, 45m, 1.5h, 2d or 1:30:00, but is '5'. {Places}")]
    [DataRow("train photos --size 32x", $"--size must be a number of pixels such as 64, or width and height such as 96x64, but is '32x'. {Places}")]
    [DataRow("train photos --multipliers 1,a", $"--multipliers must be whole numbers with commas between them, such as 1,2,2, but is '1,a'. {Places}")]
    [DataRow("train photos --prediction x0", $"--prediction must be epsilon, sample or v, but is 'x0'. {Places}")]
    [DataRow("train photos --steps 9 --size 30", "--size must be a multiple of 4, because the network halves pictures at every level but the last, but is 30x30. Change it, or give fewer --multipliers.")]
    [DataRow("train photos --port 5000", "--port needs --watch, because it says where the page is. Add it, or leave --port out.")]
    [DataRow("train PLACE --watch --host there", "--host must be localhost or an address of this machine such as 127.0.0.1, or 0.0.0.0 for all of them, but is 'there'.")]
    [DataRow("train photos --channels 31", "--channels must be an even number, because half of the numbers that tell the network its timestep are sines and half cosines, but is '31'.")]
    [DataRow("train photos --ema 1", "--ema must be in [0, 1), because at 1 the average would never leave its start. Given: 1")]
    [DataRow("train PLACE --maximum-pixels 600000000", "--maximum-pixels must be from 1 to 536870897, because pixels are decoded into one array of 4 bytes each. Given: 600000000")]
    [DataRow("inspect PLACE --background see-through", "--background must be the name of a colour such as black, or its red, green and blue such as #ff8000, but is 'see-through'. 'diffusion inspect --help' lists what can be given.")]
    [DataRow("inspect PLACE --background transparent", "--background must be the name of a colour such as black, or its red, green and blue such as #ff8000, but is 'transparent'. 'diffusion inspect --help' lists what can be given.")]
    [DataRow("inspect PLACE --pixel-range 5..5", "--pixel-range must be automatic, full, used, percentiles, or two numbers that rise such as 0..4095, but is '5..5'. 'diffusion inspect --help' lists what can be given.")]
    [DataRow("inspect PLACE --maximum-file-bytes 0", "--maximum-file-bytes must be a whole number of at least 1, but is '0'. 'diffusion inspect --help' lists what can be given.")]
    [DataRow("train photos --validation 1", "--validation must be at least 0 and below 1, because it is the share of the images to judge by. Given: 1")]
    [DataRow("train photos --labels-from label --labels-from-folders", "--labels-from-folders and --labels-from exclude each other. Leave one out.")]
    [DataRow("train photos --steps 9 --patience 3", "--patience needs --validation, because it is about the validation loss. Add it, or leave --patience out.")]
    [DataRow("train photos --checkpoint-every 3", "--checkpoint-every needs --checkpoint FOLDER, because that says where checkpoints go. Add it, or leave --checkpoint-every out.")]
    [DataRow("train photos --from MODEL --channels 64", "--channels must be left out with --from, because the model that is trained on has decided it.")]
    [DataRow("generate MODEL --grid sheet.bmp", "--grid must end in .png, .jpg, .jpeg or .webp, because that decides the format, but is 'sheet.bmp'.")]
    [DataRow("generate MODEL --film film.webp", "--film must end in .gif, because that decides the format, but is 'film.webp'.")]
    [DataRow("generate MODEL --columns 3", "--columns needs --grid FILE, because it is about its rows. Add it, or leave --columns out.")]
    [DataRow("generate MODEL --first -1", "--first must be a whole number of at least 0, but is '-1'. 'diffusion generate --help' lists what can be given.")]
    [DataRow("generate MODEL --shard 0/2 --count 4", "--shard needs --seed N, because all shards must have one. Add it, the same for each.")]
    [DataRow("generate MODEL --shard 0/2 --seed 4", "--shard needs --count N, because all shards must have one. Add it, the same for each.")]
    [DataRow("generate MODEL --shard 0/2 --count 4 --seed 4 --grid sheet.png", "--grid and --shard exclude each other, because a shard is a part of --count pictures, in folders. Leave one out.")]
    [DataRow("generate MODEL --label odd --unlabelled", "--label and --unlabelled exclude each other. Leave one out.")]
    [DataRow("generate MODEL --label dog", "--label must be among the names that the model was trained with: even, odd. Given: dog")]
    [DataRow("generate MODEL --label ood", "--label must be among the names that the model was trained with: even, odd. Did you mean 'odd'? Given: ood")]
    [DataRow("trian photos", "'trian' is not known here. Did you mean 'train'? 'diffusion --help' lists what can be given.")]
    [DataRow("generate MODEL --steps 1001", "--steps: The number of sampling steps must be at most 1000, because the model was trained on that many timesteps and a run visits each at most once. Given: 1001")]
    [DataRow("generate MODEL --eta 2", "--eta must be in [0, 1], because it scales the noise from none (DDIM) to that of DDPM. Given: 2")]
    [DataRow("generate MODEL --sampler euler --eta 0.5", "--eta is for --sampler ddim only, because it scales the noise that ddim draws, but the sampler is euler. Leave --eta out, or choose ddim.")]
    [DataRow("generate MODEL --label --grid", "--label needs a value, but '--grid' follows. 'diffusion generate --help' lists what can be given.")]
    [DataRow("onnx MODEL model.zip", "OUTPUT must end in .onnx, because that decides the format, but is 'model.zip'.")]
    [DataRow("onnx MODEL model.onnx --content images", "--content must be generator or network, but is 'images'. 'diffusion onnx --help' lists what can be given.")]
    [DataRow("interpolate MODEL a.png b.png --depth 3", "--depth needs --linear, because the way along the sphere has no depth. Add it, or leave --depth out.")]
    public void WrongUsage_IsNamedAsTyped(string arguments, string message) => Expect(2, message, arguments);

    [TestMethod]
    [DataRow("train nothing", "There is no folder 'nothing'.")]
    [DataRow("describe nothing.zip", "There is no file and no folder 'nothing.zip'.")]
    [DataRow("inspect nothing", "There is no file and no folder 'nothing'.")]
    [DataRow("describe TEXT", "The model TEXT cannot be used: it is no zip file, is cut short, or has bytes after its end.")]
    [DataRow("interpolate MODEL TEXT TEXT", "The image TEXT cannot be used: its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA).")]
    [DataRow("train PLACE --output PLACE/model.zip --maximum-file-bytes 4", "The folder 'PLACE' holds no image that can be read. Skipped: 2, the first 'Device/Width.zip', because the file has 5 bytes, more than --maximum-file-bytes (4).")]
    [DataRow("interpolate MODEL TEXT TEXT --output PLACE/row.png --maximum-file-bytes 3", "The image TEXT cannot be used: the file has 5 bytes, more than --maximum-file-bytes (3).")]
    [DataRow("describe PLACE/Device/Width.zip", "The model PLACE/Device/Width.zip cannot be used: it is no zip file, is cut short, or has bytes after its end.")]
    [DataRow("train . --output TEXT", "--output: 'TEXT' is there already. Add --force to replace it, or name another file.")]
    [DataRow("merge nothing", "There is no folder 'nothing'.")]
    [DataRow("generate MODEL --output TEXT", "--output must be a folder, but 'TEXT' is a file. Name another folder.")]
    public void Failure_IsOneLine(string arguments, string message) => Expect(1, message, arguments);

    [TestMethod]
    public void Failure_Json_IsADocument()
    {
        var failed = ToolProcess.Run("describe", "nothing.zip", "--json");
        var mistyped = ToolProcess.Run("describe", "--json");

        Assert.AreEqual(
            """{"error":"There is no file and no folder 'nothing.zip'.","exit_code":1}""",
            failed.Document.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.AreEqual((1, "There is no file and no folder 'nothing.zip'."), (failed.ExitCode, failed.Error));
        Assert.AreEqual((2, 2), (mistyped.ExitCode, (int)mistyped.Document["exit_code"]!));
    }

    [TestMethod]
    public void Failure_Verbose_TellsWhereItCameFrom()
    {
        var failed = ToolProcess.Run("describe", "nothing.zip", "--verbose");

        StringAssert.StartsWith(failed.Error, "There is no file and no folder 'nothing.zip'.\n");
        StringAssert.Contains(failed.Error, "   at ");
    }

    private void Expect(int exitCode, string message, string arguments)
    {
        var text = _folder.Write("notes.txt", [.. "notes"u8]);
        _folder.Write("Device/Width.zip", [.. "notes"u8]);
        string Filled(string words) =>
            words.Replace("MODEL", SavedModel.Chain, StringComparison.Ordinal)
                .Replace("TEXT", text, StringComparison.Ordinal)
                .Replace("PLACE", _folder.Path, StringComparison.Ordinal);

        var run = ToolProcess.Run(["-q", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Filled)]);

        Assert.AreEqual(Filled(message), run.Error);
        Assert.AreEqual((exitCode, ""), (run.ExitCode, run.Output));
    }
}
