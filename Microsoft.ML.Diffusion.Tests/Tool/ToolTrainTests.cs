using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>diffusion train, and describe and inspect of what it made.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolTrainTests : IDisposable
{
    private static readonly string[] _small =
        ["--size", "8", "--channels", "32", "--multipliers", "1,1", "--blocks", "1", "--attention", "none", "--dropout", "0", "--batch", "4", "--seed", "3", "--device", "cpu"];

    private readonly TemporaryFolder _folder = new();

    private string Photos => _folder.File("photos");

    private string Output => _folder.File("model.zip");

    public void Dispose() => _folder.Dispose();

    [TestInitialize]
    public void WritePhotos()
    {
        for (var i = 0; i < 6; i++)
        {
            _folder.Write($"photos/{(i % 2 == 0 ? "even" : "odd")}/{i}.png", PictureFiles.Encode(number: i, width: 8 + i));
        }

        _folder.Write("photos/notes.txt", [.. "notes"u8]);
    }

    [TestMethod]
    public void Train_Folder_WritesTheModel()
    {
        var run = Train("--steps", "3", "--labels-from-folders", "--learning-rate", "0.001", "--json").Done();

        var (context, document) = (new MLContext(), run.Document);
        using var model = context.Diffusion.LoadModel(Output, out _).GetDiffusion();
        Assert.AreEqual((8, 8, 3), (model.ImageWidth, model.ImageHeight, model.Channels));
        CollectionAssert.AreEqual(new[] { "even", "odd" }, model.ClassNames.ToArray());
        Assert.AreEqual((6, 3, 4, 3), (model.Training!.Images, model.Training.Steps, model.Training.BatchSize, model.Training.Seed));
        Assert.AreEqual(
            (PredictionType.VPrediction, "cosine (T = 1000)"),
            (model.Prediction, model.Schedule.ToString())); // what --help says
        Assert.AreEqual(("trained", Output), ((string?)document["status"], (string?)document["model"]));
        Assert.AreEqual(_folder.File("model.samples.png"), (string?)document["samples"]);
        Assert.AreEqual("notes.txt", (string?)document["skipped"]![0]!["path"]);
        Assert.AreEqual(model.Training.FinalLoss, (double)document["description"]!["training"]!["final_loss"]!);
        StringAssert.Contains(run.Error, "Set --warmup to 1. The run is too short besides: raise --steps.");
        StringAssert.Contains(run.Error, "\nTraining: step 1 of 3 (33 %), epoch 0.67, loss ");
        StringAssert.Contains(run.Error, "Skipped 'notes.txt': its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA).");
    }

    [TestMethod]
    public void Train_Time_IsPlannedOnceAndResumedByThatPlan()
    {
        ToolProcess.Result Planned(string time, params string[] more) => ToolProcess.Run(
            ["train", Photos, "-o", Output, "--size", "8", "--channels", "12", "--time", time, "--seed", "3", "--device", "cpu", "--checkpoint", _folder.File("checkpoints"), .. more]);
        _folder.Write("photos/metadata.csv", [.. "file_name,kind\neven/0.png,zero\n"u8]);
        var run = Planned("3s").Done();
        var again = Planned("3s", "--force").Done();
        var other = Planned("4s", "--force");

        StringAssert.Contains(
            run.Error,
            "\nMeasuring what cpu can do with 6 images of 8x8, 3 channels, to plan 00:00:03 of training.\nPlan for 00:00:03 of training:\n  images    6 of 8x8, in colour\n  network   U-Net (");
        StringAssert.Contains(run.Error, "'metadata.csv' says more of the pictures: file_name, kind. --labels-from FIELD takes their classes from it.");
        Assert.DoesNotContain("says more of the images", run.Error, "once");
        StringAssert.Contains(run.Error, "\n  learning  x_0, weighted by min(SNR, 1)^0.5; rate 0.004 after ");
        Assert.DoesNotContain("Measuring", again.Error);
        Assert.DoesNotContain("Plan for", again.Error);
        using var model = new MLContext().Diffusion.LoadDiffusionModel(Output);
        Assert.AreEqual((PredictionType.Sample, 12, 4), (model.Prediction, model.Network.BaseChannels, model.Network.NumberOfNormalizationGroups));
        Assert.AreEqual(1, other.ExitCode);
        StringAssert.EndsWith(
            other.Error,
            "--checkpoint holds a run that was planned for 00:00:03, but the budget is now 00:00:04. Give the same budget to resume it, or name another folder.");
    }

    [TestMethod]
    public void Train_OnTheWay_LeavesASheetAndTheModelSoFar()
    {
        var (sheet, partial) = (_folder.File("model.samples.png"), _folder.File("model.partial.zip"));
        string[] arguments = ["--steps", "40", "--checkpoint", _folder.File("checkpoints")];

        ToolProcess.RunAndInterrupt("step 20 ", ["train", Photos, "-o", Output, "--verbose", .. _small, .. arguments]);

        using (var model = new MLContext().Diffusion.LoadDiffusionModel(partial))
        {
            Assert.AreEqual(TrainingEnd.Running, model.Training!.End);
            Assert.IsInRange(16, 40, model.Training.Steps);
        }

        Assert.IsTrue(File.Exists(sheet) && !File.Exists(Output));

        var report = _folder.File("report");
        Train([.. arguments, "--report", report, "-q"]).Done();
        Assert.IsTrue(File.Exists(Output) && !File.Exists(partial));
        StringAssert.Contains(File.ReadAllText(Path.Combine(report, "report.html")), "While it learned");

        var other = _folder.File("other");
        Directory.CreateDirectory(other);
        ToolProcess.Run(["train", Photos, "-o", Path.Combine(other, "model.zip"), "--no-samples", "--steps", "40", "-q", .. _small]).Done();
        Assert.AreSequenceEqual(["model.zip"], Directory.GetFiles(other).Select(Path.GetFileName).ToArray());
        var context = new MLContext();
        using var first = context.Diffusion.LoadDiffusionModel(Output);
        using var second = context.Diffusion.LoadDiffusionModel(Path.Combine(other, "model.zip"));
        Assert.AreEqual(Weights.Digest(first), Weights.Digest(second));
    }

    [TestMethod]
    public void DescribeAndInspect_Model_TellWhatItIs()
    {
        Train("--steps", "2", "--prediction", "epsilon", "--schedule", "linear", "--patch", "2", "-q").Done();
        using var model = new MLContext().Diffusion.LoadModel(Output, out _).GetDiffusion();

        var described = ToolProcess.Run("describe", Output).Done();
        var document = ToolProcess.Run("describe", Output, "--json").Done().Document;
        var inspected = ToolProcess.Run("inspect", Output, "--json").Done().Document;

        Assert.AreEqual(
            $"{model.Describe()}\nOptions     {model.Training!.Options}\nTrained by  {model.Training.Versions}",
            described.Output);
        Assert.AreEqual("", described.Error);
        Assert.AreEqual(
            (model.NumberOfParameters, "epsilon", 2),
            ((long)document["number_of_parameters"]!, (string?)document["prediction"], (int)document["network"]!["patch_size"]!));
        Assert.AreEqual(2, (int)document["training"]!["options"]!["number_of_steps"]!);
        Assert.AreEqual(
            ("model", model.ToString(), true),
            ((string?)inspected["kind"], (string?)inspected["description"], (bool)inspected["hashes_match"]!));
    }

    [TestMethod]
    public void Train_Report_ShowsWhatWasLearned()
    {
        var report = _folder.File("report");

        Train("--steps", "12", "--labels-from-folders", "--report", report, "-q").Done();
        var again = Train("--steps", "12", "--output", _folder.File("other.zip"), "--report", report, "-q");

        CollectionAssert.AreEquivalent(
            new[] { "denoising.gif", "loss.svg", "nearest.png", "report.html", "samples.png", "training.csv" },
            Directory.GetFiles(report).Select(Path.GetFileName).ToArray());
        var page = File.ReadAllText(Path.Combine(report, "report.html"));
        foreach (var part in new[] { "<h1>A model of photos</h1>", "data:image/png;base64,", "data:image/gif;base64,", "<svg", "12 steps of 4 from 6 pictures", "1-18 even, 19-36 odd" })
        {
            StringAssert.Contains(page, part);
        }

        Assert.AreEqual(
            (1, $"--report: '{Path.Combine(report, "report.html")}' is there already. Add --force to replace it, or name another file."),
            (again.ExitCode, again.Error));
    }

    [TestMethod]
    public void Train_ReportFails_TellsThatTheModelIsWritten()
    {
        Directory.CreateDirectory(_folder.File("report"));
        File.CreateSymbolicLink(_folder.File("report/training.csv"), _folder.File("missing/training.csv"));

        var run = Train("--steps", "1", "--report", _folder.File("report"), "--force", "-q");

        Assert.AreEqual(1, run.ExitCode);
        StringAssert.StartsWith(run.Error, $"'{Output}' is written, but the report is not: ");
        StringAssert.Contains(run.Error, _folder.File("missing"));
        Assert.IsTrue(File.Exists(Output));
    }

    [TestMethod]
    [DataRow("--augment on", true)]
    [DataRow("", false)]
    public void Train_Augment_IsDoneAndToldByTheModel(string argument, bool isDone)
    {
        Train(["--steps", "1", "-q", .. argument.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Done();

        using var model = new MLContext().Diffusion.LoadModel(Output, out _).GetDiffusion();
        Assert.AreEqual(isDone, JsonNode.Parse(model.Training!.Options!)!["augmentation"] is not null);
    }

    [TestMethod]
    public void Train_Interrupted_GoesOnToTheSameModel()
    {
        var (checkpoints, whole) = (_folder.File("checkpoints"), _folder.File("whole.zip"));
        string[] arguments = ["--steps", "60", "--validation", "0.3", "--flip"];

        var stopped =
            ToolProcess.RunAndInterrupt(
                "step 10 ",
                ["train", Photos, "-o", Output, "--verbose", "--json", "--checkpoint", checkpoints, .. _small, .. arguments]);
        Assert.IsFalse(File.Exists(Output));
        var message = $"Stopped. The checkpoint in '{checkpoints}' keeps what was learned: the same command goes on from there.";
        Assert.AreEqual((130, message), (stopped.ExitCode, (string?)stopped.Document["error"]));

        var other = Train([.. arguments, "--checkpoint", checkpoints, "--learning-rate", "0.001", "-q"]);
        Assert.AreEqual(
            (1, $"--checkpoint '{checkpoints}' holds another run: --learning-rate was 0.0002, is now 0.001. Make these equal to resume it, or name another folder."),
            (other.ExitCode, other.Error));

        var resumed = Train([.. arguments, "--checkpoint", checkpoints]).Done();
        ToolProcess.Run(["train", Photos, "-o", whole, .. _small, .. arguments]).Done();

        StringAssert.Contains(resumed.Error, "Training goes on after step ");
        var context = new MLContext();
        using var first = context.Diffusion.LoadModel(Output, out _).GetDiffusion();
        using var second = context.Diffusion.LoadModel(whole, out _).GetDiffusion();
        Assert.AreEqual(Weights.Digest(second), Weights.Digest(first));
        Assert.AreEqual((60, second.Training!.ValidationLoss), (first.Training!.Steps, first.Training.ValidationLoss));
    }

    [TestMethod]
    public void Train_InterruptedWithoutCheckpoint_KeepsWhatWasLearned()
    {
        string[] arguments = ["train", Photos, "-o", Output, "--verbose", "--steps", "100000", .. _small];

        var stopped = ToolProcess.RunAndInterrupt("step 10 ", arguments);

        Assert.AreEqual(130, stopped.ExitCode, stopped.Error);
        StringAssert.StartsWith(stopped.Output, "Stopped: ");
        using (var model = new MLContext().Diffusion.LoadModel(Output, out _).GetDiffusion())
        {
            Assert.AreEqual(TrainingEnd.Cancelled, model.Training!.End);
        }

        var before = File.ReadAllBytes(Output);
        var again = ToolProcess.RunAndInterrupt("step 10 ", [.. arguments, "--force"]);

        var stoppedModel = _folder.File("model.stopped.zip");
        Assert.AreEqual(130, again.ExitCode, again.Error);
        StringAssert.Contains(again.Output, $"\nWrote {stoppedModel}: ");
        StringAssert.EndsWith(again.Output, $"\nKept {Output}: the file that was there before");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(Output));
        using var saved = new MLContext().Diffusion.LoadModel(stoppedModel, out _).GetDiffusion();
        Assert.IsGreaterThanOrEqualTo(10, saved.Training!.Steps);
    }

    [TestMethod]
    public void Train_From_GoesOnWithTheModel()
    {
        var tuned = _folder.File("tuned.zip");
        Train("--steps", "3", "--prediction", "sample", "-q").Done();

        ToolProcess.Run("train", Photos, "--from", Output, "-o", tuned, "--steps", "1", "--learning-rate", "1e-9", "--ema", "0", "--seed", "4", "--batch", "2")
            .Done();

        var context = new MLContext();
        using var model = context.Diffusion.LoadModel(Output, out _).GetDiffusion();
        using var again = context.Diffusion.LoadModel(tuned, out _).GetDiffusion();
        Assert.AreEqual(model.ToString(), again.ToString());
        Assert.IsLessThan(1e-6, Weights.Difference(model, again)); // a step at a rate of 1e-9 moves no weight further
    }

    [TestMethod]
    [DataRow("--labels-from-folders", "--labels-from-folders needs pictures in folders of 'FOLDER', a folder for each class, but there is no folder with pictures. Make them, or leave it out.")]
    [DataRow("--labels-from label", "--labels-from 'label' needs a metadata.csv or metadata.jsonl in 'FOLDER' or below, which names images and their classes, but there is none.")]
    public void Train_PicturesThatDoNotSuffice_SaysSo(string arguments, string message)
    {
        var folder = Path.Combine(Photos, "even");

        var run = ToolProcess.Run(["train", folder, "-o", Output, "-q", .. _small, .. arguments.Split(' ')]);

        Assert.AreEqual((1, message.Replace("FOLDER", folder, StringComparison.Ordinal)), (run.ExitCode, run.Error));
        Assert.IsFalse(File.Exists(Output));
    }

    [TestMethod]
    public void Skipped_ForALimit_NameTheOptionThatIsTyped()
    {
        _folder.Write("photos/MaximumPixels.png", PictureFiles.Encode(width: 40)); // a name of a file is no option's
        const string Reason = "it has 40x8 pixels, more than --maximum-pixels (120)";

        var inspected = ToolProcess.Run("inspect", Photos, "--maximum-pixels", "120", "-q").Done();
        var trained = Train("--steps", "1", "--maximum-pixels", "120", "--json").Done();

        StringAssert.Contains(inspected.Output, $"\n  MaximumPixels.png: {Reason}\n");
        StringAssert.Contains(trained.Error, $"Skipped 'MaximumPixels.png': {Reason}.");
        Assert.AreEqual(Reason, (string?)trained.Document["skipped"]![0]!["reason"]);
        Assert.AreEqual(1, trained.Error.Split("Skipped 'MaximumPixels.png'").Length - 1, "and not by the library's name too");
    }

    [TestMethod]
    public void Train_ReportOfHeldOutPictures_ComparesWithThem()
    {
        for (var i = 6; i < 60; i++)
        {
            _folder.Write($"photos/odd/{i}.png", PictureFiles.Encode(number: i, width: 8));
        }

        Train("--steps", "2", "--validation", "0.4", "--report", _folder.File("report"), "-q").Done();

        var page = File.ReadAllText(_folder.File("report/report.html"));
        StringAssert.Contains(page, "are near copies of one of 36 training images");
        StringAssert.Matches(page, new(@"in the middle, [0-9.]+ of [0-9]+ held-out images"));
    }

    private ToolProcess.Result Train(params string[] arguments) =>
        ToolProcess.Run(
            ["train", Photos, .. arguments.Contains("--output") ? Array.Empty<string>() : ["--output", Output], .. _small, .. arguments]);
}
