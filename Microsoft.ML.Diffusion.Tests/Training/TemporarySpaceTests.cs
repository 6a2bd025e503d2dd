using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class TemporarySpaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _unusable;

    // Below a file nobody can make a folder, whatever the permissions of the one who runs the tests.
    public TemporarySpaceTests()
    {
        File.WriteAllText(_folder.File("file"), "");
        _unusable = _folder.File("file/temporary");
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void TrainSaveLoadGenerate_WithoutTemporaryFiles_Work()
    {
        var variables = new Dictionary<string, string> { ["TMPDIR"] = _unusable, ["TMP"] = _unusable, ["TEMP"] = _unusable };

        var digests = ChildProcess.RunWith(variables, "no-temporary-files", _folder.Path).Split(' ');

        Assert.AreEqual(digests[0], digests[1]);
    }

    [TestMethod]
    public void Fit_NoTemporaryFiles_FailsBeforeTraining()
    {
        var hasStarted = false;
        var training =
            TinyModel.Options.Training with { ReportEverySteps = 1, Progress = new Direct<TrainingProgress>(_ => hasStarted = true) };

        var error =
            Assert.ThrowsExactly<IOException>(
                () => TinyModel.Train(TinyModel.Options with { Training = training }, new MLContext(seed: 3) { TempFilePath = _unusable }));

        StringAssert.Matches(
            error.Message,
            new(
                $@"^The folder for temporary files '{Regex.Escape(_unusable)}' cannot take this model's weights \(.+\), but mlContext\.Model\.Save needs it to, and a model that cannot be saved is lost\. Set MLContext\.TempFilePath, or the environment variable TMPDIR \(TMP on Windows\), to another folder; or set CheckpointDirectory, from which Fit gives the model again, and save it by mlContext\.Diffusion\.SaveModel, which uses no temporary files\.$"));
        Assert.IsFalse(hasStarted);
    }

    [TestMethod]
    public void Fit_NoTemporaryFilesButCheckpoints_WarnsAndTrains()
    {
        var mlContext = new MLContext(seed: 3) { TempFilePath = _unusable };
        var messages = new List<string>();
        mlContext.Log += (_, e) => messages.Add(e.Message);
        var training = TinyModel.Options.Training with { CheckpointDirectory = _folder.File("checkpoints") };

        using var model = TinyModel.Train(TinyModel.Options with { Training = training }, mlContext);

        Assert.AreEqual(10, model.Training!.Steps);
        Assert.IsTrue(
            messages.Any(message => message.Contains("or save by mlContext.Diffusion.SaveModel, which uses no temporary files.", StringComparison.Ordinal)),
            string.Join('\n', messages));
    }

    [TestMethod]
    public void Fit_TemporaryFolderMissing_IsMade()
    {
        var missing = _folder.File("not/yet/there");

        TinyModel.Train(mlContext: new MLContext(seed: 3) { TempFilePath = missing }).Dispose();

        Assert.IsEmpty(Directory.GetFileSystemEntries(missing));
    }

    [TestMethod]
    public void Fit_ImagesBeyondMemoryAndNoTemporaryFiles_NamesBothOptions()
    {
        var training = TinyModel.Options.Training with { MaximumImageMemory = 100 };

        var error =
            Assert.ThrowsExactly<IOException>(
                () => TinyModel.Train(TinyModel.Options with { Training = training }, new MLContext(seed: 3) { TempFilePath = _unusable }));

        StringAssert.Matches(
            error.Message,
            new(
                $@"^The images exceed MaximumImageMemory \(100 bytes\), and the folder for temporary files '{Regex.Escape(_unusable)}' cannot take them \(.+\)\. Set MLContext\.TempFilePath to a folder with more room, or raise MaximumImageMemory\.$"));
    }

    // Written without a file by way of memory, read by ML.NET's own by way of files, and the other way round.
    [TestMethod]
    public void SaveModel_AndModelSave_WriteTheSameEntries()
    {
        var mlContext = new MLContext(seed: 3);
        using var model = TinyModel.Train(mlContext: mlContext);
        var schema = Pictures.Rows(mlContext).Schema;
        mlContext.Diffusion.SaveModel(model, schema, _folder.File("ours.zip"));
        mlContext.Model.Save(model, schema, _folder.File("theirs.zip"));

        CollectionAssert.AreEqual(Entries("theirs.zip"), Entries("ours.zip"));
    }

    public void Dispose() => _folder.Dispose();

    private List<string> Entries(string name)
    {
        using var zip = System.IO.Compression.ZipFile.OpenRead(_folder.File(name));
        return [.. zip.Entries.Select(entry => $"{entry.FullName} {entry.Length} {entry.Crc32}")];
    }
}
