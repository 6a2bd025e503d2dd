using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>What the samples read and write.</summary>
[TestClass]
public sealed class SampleFilesTests
{
    [TestMethod]
    public void WholeFile_WriterFails_LeavesTheOldFileAlone()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.txt", [1]);

        Assert.ThrowsExactly<IOException>(() => WholeFile.Write(path, partial =>
        {
            File.WriteAllBytes(partial, [2, 3]);
            throw new IOException("full");
        }));

        CollectionAssert.AreEqual((byte[])[1], File.ReadAllBytes(path));
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void WholeFile_Write_KeepsTheExtensionMeanwhile()
    {
        using var folder = new TemporaryFolder();
        var written = "";

        WholeFile.Write(folder.File("a.png"), partial => File.WriteAllText(written = partial, "new"));

        Assert.AreEqual((".png", "new"), (Path.GetExtension(written), File.ReadAllText(folder.File("a.png"))));
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void WholeFile_Link_StaysAndLeadsToTheNewFile()
    {
        using var folder = new TemporaryFolder();
        var (target, partial) = (folder.Write("target/a.txt", [1]), folder.Write("target/.partial-a.txt", [9]));
        var link = File.CreateSymbolicLink(folder.File("link.txt"), Path.Combine("target", "a.txt"));

        WholeFile.WriteText(link.FullName, "new");

        Assert.AreEqual((Path.Combine("target", "a.txt"), "new"), (new FileInfo(link.FullName).LinkTarget, File.ReadAllText(target)));
        CollectionAssert.AreEquivalent(new[] { target, partial }, Directory.GetFiles(folder.File("target")));
        CollectionAssert.AreEqual((byte[])[9], File.ReadAllBytes(partial), "somebody else's");
    }

    [TestMethod]
    public void NumberedPictures_WriteFails_LeavesTheEarlierRun()
    {
        using var folder = new TemporaryFolder();
        folder.Write("00000.png", [1]);
        var closed = Pictures.Bars(0);
        closed.Dispose();

        Assert.Throws<Exception>(() => new NumberedPictures(folder.Path).Add(closed));

        CollectionAssert.AreEqual((byte[])[1], File.ReadAllBytes(folder.File("00000.png")));
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void Message_OfAnException_IsOneLineUnlessItIsAdvice()
    {
        var advice = new DllNotFoundException("libtorch is missing.\n  Add it.");

        Assert.AreEqual(
            advice.Message,
            Shell.Message(Shell.Cause(new TypeInitializationException("Torch", new AggregateException(advice)))));
        Assert.AreEqual("full up", Shell.Message(new IOException("full\n  up")));
    }

    [TestMethod]
    public void Artifacts_SaveAll_LeavesNoPictureOfAnEarlierRun()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 4; i++)
        {
            folder.Write($"generated/0000{i}.png", [1]);
        }

        folder.Write("generated/00007.png", [1]); // behind a gap: not of that run
        folder.Write("generated/.png", [1]);
        folder.Write("generated/mine.png", [1]);
        var log = new StringWriter();

        new Artifacts(folder.Path, log: log).SaveAll("generated", [Pictures.Bars(0), Pictures.Bars(1)]);

        CollectionAssert.AreEquivalent(
            (string[])["00000.png", "00001.png", "00007.png", ".png", "mine.png"],
            Directory.GetFiles(folder.File("generated")).Select(Path.GetFileName).ToArray());
        Assert.AreEqual($"Wrote 2 pictures to {folder.File("generated")}{Environment.NewLine}", log.ToString());
    }

    [TestMethod]
    public void PictureFolder_BrokenFiles_AreNamedAndLeftOut()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cats/1.png", PictureFiles.Encode(SKEncodedImageFormat.Png, width: 30, height: 20));
        folder.Write("dogs/1.jpg", PictureFiles.Encode(SKEncodedImageFormat.Jpeg));
        for (var i = 0; i < 25; i++)
        {
            folder.Write($"broken/{i:D2}.png", [0]);
        }

        var warnings = new StringWriter();
        var images = PictureFolder.Load(new MLContext(), folder.Path, 8, 8, warnings);

        Assert.AreEqual(2, images.Count);
        var lines = warnings.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(21, lines);
        StringAssert.StartsWith(lines[0], "Skipped broken/00.png: ");
        Assert.AreEqual("Skipped 5 more files.", lines[^1]);
        Assert.IsTrue(PictureFolder.Take(images.Data, 5).All(image => (image.Width, image.Height) == (8, 8)));
    }

    [TestMethod]
    public void HoldOut_Share_PartsTheRowsAlikeEachTime()
    {
        var mlContext = new MLContext();
        var rows = Pictures.Rows(mlContext, count: 200);

        var (training, validation) = PictureFolder.HoldOut(mlContext, rows, 200, share: 0.1, seed: 7);

        var (learned, held) = (Numbers(training), Numbers(validation!));
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 200).ToArray(), learned.Concat(held).ToArray());
        Assert.IsInRange(10, 30, held.Length);
        CollectionAssert.AreEqual(held, Numbers(PictureFolder.HoldOut(new MLContext(), rows, 200, share: 0.1, seed: 7).Validation!));
        CollectionAssert.AreNotEqual(held, Numbers(PictureFolder.HoldOut(new MLContext(), rows, 200, share: 0.1, seed: 8).Validation!));
    }

    [TestMethod]
    [DataRow(8, 0.0)]
    [DataRow(1, 0.5)]
    public void HoldOut_NothingToHold_LeavesAllForTraining(int count, double share)
    {
        var mlContext = new MLContext();
        var rows = Pictures.Rows(mlContext, count);

        Assert.AreEqual((rows, null), PictureFolder.HoldOut(mlContext, rows, count, share, seed: 1));
    }

    private static int[] Numbers(IDataView rows) => [.. rows.GetColumn<int>("Number")];
}
