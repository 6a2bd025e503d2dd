using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>What the tool's processes write to the standard error: lines of their own, and none of the libraries below.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed partial class ToolErrorOutputTests
{
    [TestMethod]
    public void Tool_TrainAndDraw_WritesItsOwnLinesOnly()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 12; i++)
        {
            folder.Write($"photos/{i % 2}/{i}.png", PictureFiles.Encode(number: i, width: 9 + (i % 3)));
        }

        folder.Write("photos/notes.txt", [.. "notes"u8]);
        var (model, picture) = (folder.File("model.zip"), folder.File("photos/0/0.png"));

        string[] errors =
        [
            Error(
                "train",
                folder.File("photos"),
                "-o",
                model,
                "--size",
                "8",
                "--channels",
                "32",
                "--multipliers",
                "1,1",
                "--blocks",
                "1",
                "--batch",
                "4",
                "--steps",
                "12",
                "--labels-from-folders",
                "--validation",
                "0.2",
                "--report",
                folder.File("report")),
            Error("generate", model, "-o", folder.File("drawn"), "--steps", "3", "--guidance", "1.5"),
            Error("interpolate", model, picture, folder.File("photos/1/1.png"), "-o", folder.File("way.png"), "--steps", "3"),
            Error("inspect", folder.File("photos")),
            Error("describe", model),
        ];

        var lines = string.Concat(errors.Select(error => error + "\n")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.IsEmpty(lines.Where(line => !Own().IsMatch(line)).ToList(), string.Join('\n', lines));
        Assert.Contains("Skipped 'notes.txt': its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA).", lines);
        Assert.IsTrue(Array.Exists(lines, line => line.StartsWith("Training took ", StringComparison.Ordinal)));
        Assert.AreEqual(
            "",
            Error(
                "train",
                folder.File("photos"),
                "-o",
                folder.File("quiet.zip"),
                "-q",
                "--size",
                "8",
                "--channels",
                "32",
                "--multipliers",
                "1",
                "--batch",
                "1",
                "--steps",
                "2"));
    }

    private static string Error(params string[] arguments) => ToolProcess.Run(arguments).Done().Error;

    // Progress: a line when something is done and, on slow machines, lines on the way.
    [GeneratedRegex(@"^(Skipped 'notes\.txt': .*|(Reading pictures|Training|Drawing[a-z0-9 ]*) took \d+\.\d s\.|(Reading pictures|Training|Drawing[a-z0-9 ]*): (step \d.*|\d+ %)|No seed was given; this run uses \d+\.|Training begins on .*|Of the 12 steps of this run, .*)$")]
    private static partial Regex Own();
}
