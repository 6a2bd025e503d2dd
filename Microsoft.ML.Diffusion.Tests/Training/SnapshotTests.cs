using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Grids and a model file at shares of the budget, and the first report.</summary>
[TestClass]
public sealed class SnapshotTests
{
    private static readonly TrainingOptions _training = TinyModel.Options.Training with { NumberOfSteps = 20, EmaDecay = 0.5 };

    [TestMethod]
    public void Fit_GridsAndModelFileByShares_ChangeNothing()
    {
        using var folder = new TemporaryFolder();
        var (path, grids, kept) = (folder.File("kept.zip"), new List<int>(), new List<(int, int, string)>());
        var mlContext = new MLContext(seed: 3);
        var training = _training with
        {
            SampleGrid = new() { EveryFraction = 0.1, NumberOfImages = 2, Show = (step, _) => grids.Add(step) },
            ModelFile = path,
            ModelFileEveryFraction = 0.25,
            ReportEverySteps = 1,
            Progress = new Direct<TrainingProgress>(progress =>
            {
                if (File.Exists(path))
                {
                    using var model = new MLContext().Diffusion.LoadDiffusionModel(path);
                    kept.Add((progress.Step, model.Training!.Steps, $"{model.Training.End} {model.Generate(1)[0].Pixels.Length}"));
                }
            }),
        };

        using var watched = TinyModel.Train(TinyModel.Options with { Training = training }, mlContext);
        using var alone = TinyModel.Train(TinyModel.Options with { Training = _training });

        Assert.AreEqual(Weights.Digest(alone), Weights.Digest(watched));
        CollectionAssert.AreEqual(new[] { 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 }, grids);
        CollectionAssert.AreEqual(
            Enumerable.Range(6, 15).Select(step => (step, (step - 1) / 5 * 5, "Running 256")).ToArray(),
            kept);
        using var saved = new MLContext().Diffusion.LoadDiffusionModel(path);
        Assert.AreEqual((Weights.Digest(watched), TrainingEnd.Budget), (Weights.Digest(saved), saved.Training!.End));
        Assert.HasCount(1, Directory.GetFiles(folder.Path), "nothing else is left");
    }

    [TestMethod]
    public void Fit_Resumed_GoesOnWithTheSharesThatAreLeft()
    {
        using var folder = new TemporaryFolder();
        var grids = new List<int>();
        using var source = new CancellationTokenSource();
        var training = _training with
        {
            CheckpointDirectory = folder.Path,
            SampleGrid = new()
            {
                EveryFraction = 0.2,
                NumberOfImages = 1,
                Show = (step, _) =>
                {
                    grids.Add(step);
                    if (step == 8)
                    {
                        source.Cancel();
                    }
                },
            },
            CancellationToken = source.Token,
        };
        Assert.ThrowsExactly<OperationCanceledException>(() => TinyModel.Train(TinyModel.Options with { Training = training }));

        TinyModel.Train(TinyModel.Options with { Training = training with { CancellationToken = default } }).Dispose();
        TinyModel.Train(TinyModel.Options with { Training = training with { CancellationToken = default } }).Dispose(); // finished already

        CollectionAssert.AreEqual(new[] { 4, 8, 12, 16, 20 }, grids);
    }

    [TestMethod]
    public void Fit_ModelFileCannotBeWritten_WarnsAndGoesOn()
    {
        using var folder = new TemporaryFolder();
        var (mlContext, warnings, path) = (new MLContext(seed: 3), new List<string>(), folder.File("missing/model.zip"));
        mlContext.Log += (_, e) => warnings.AddRange(e.RawMessage.StartsWith("ModelFile ", StringComparison.Ordinal) ? [e.RawMessage] : []);

        using var model =
            TinyModel.Train(TinyModel.Options with { Training = _training with { ModelFile = path, ModelFileEveryFraction = 0.5 } }, mlContext);

        Assert.AreEqual(20, model.Training!.Steps);
        Assert.HasCount(2, warnings);
        StringAssert.StartsWith(
            warnings[0],
            $"ModelFile is not written after step 10, and training goes on without it. The file {path} could not be written, and what was there before is unchanged: ");
    }

    [TestMethod]
    public void Options_OutOfRange_SayWhatMustHold()
    {
        static void Expect(string message, TrainingOptions training) =>
            Messages.Expect<ArgumentOutOfRangeException>(message, () => TinyModel.Train(TinyModel.Options with { Training = training }));

        Expect(
            "SampleGrid.EveryFraction must be above 0 and at most 1, because it is a share of the budget; leave it null to go by EverySteps. (Parameter 'SampleGrid.EveryFraction')\nActual value was 0.",
            new() { SampleGrid = new() { Show = (_, _) => { }, EveryFraction = 0 } });
        Expect(
            "ModelFileEveryFraction must be above 0 and at most 1, because it is a share of the budget. (Parameter 'ModelFileEveryFraction')\nActual value was 1.5.",
            new() { ModelFileEveryFraction = 1.5 });
        Expect(
            "ModelFile must be the path of a file; leave it null for none. (Parameter 'ModelFile')\nActual value was  .",
            new() { ModelFile = " " });
    }

    [TestMethod]
    public void Fit_FirstStep_IsReportedAndChangesNoOtherReport()
    {
        List<TrainingProgress> Reports(TrainingOptions training)
        {
            var reports = new List<TrainingProgress>();
            TinyModel.Train(
                TinyModel.Options with { Training = training with { Progress = new Direct<TrainingProgress>(reports.Add), ReportEverySteps = 5 } }).Dispose();
            return reports;
        }

        var reports = Reports(_training);

        CollectionAssert.AreEqual(new[] { 1, 5, 10, 15, 20 }, reports.Select(report => report.Step).ToArray());
        var single = Reports(_training with { NumberOfSteps = 1 }).Single(); // the first and the last
        Assert.AreEqual((true, true, true, false), (single.IsFirst, single.IsLast, reports[0].IsFirst, reports[^1].IsFirst));
        Assert.IsTrue(reports.All(report => report.ExpectedSteps == 20));
        Assert.IsGreaterThan(0, reports[1].ImagesPerSecond);
        StringAssert.StartsWith(reports[1].ToString(), "step 5 of 20 (25 %), epoch ");
    }

    [TestMethod]
    public void Fit_ImagesSeenOften_WarnsUnlessSomethingWatches()
    {
        TrainingOptions often = new() { NumberOfSteps = 40, BatchSize = 64, WarmupSteps = 2 };
        int Warnings(TrainingOptions training)
        {
            var (mlContext, warnings) = (new MLContext(seed: 3), 0);
            mlContext.Log += (_, e) => warnings += e.RawMessage.StartsWith("Each of the ", StringComparison.Ordinal) ? 1 : 0;
            TinyModel.Train(TinyModel.Options with { Training = training }, mlContext).Dispose();
            return warnings;
        }

        Assert.AreEqual(1, Warnings(often));
        Assert.AreEqual(0, Warnings(often with { Augmentation = new() }));
        Assert.AreEqual(0, Warnings(often with { Validation = new() { Share = 0.25 } }));
    }

    [TestMethod]
    public void Fit_Warnings_ReachTheLogWithTheirOptions()
    {
        var (mlContext, warnings) = (new MLContext(seed: 3), new List<string>());
        mlContext.Log += (_, e) => warnings.AddRange(
            e.Kind == ChannelMessageKind.Warning ? [OptionMessages.Format(e.RawMessage, name => $"--{name.ToLowerInvariant()}")] : []);

        TinyModel.Train(TinyModel.Options with { Training = new() { NumberOfSteps = 10, BatchSize = 9, WarmupSteps = 9 } }, mlContext).Dispose();

        Assert.AreSequenceEqual(
            [
                "There are fewer images (8) than --batchsize (9), so that each step sees the same ones again and takes the time of 9. Set --batchsize to 8 or less: there are more steps in the same time.",
                "Of the 10 steps of this run, 9 are its warm-up, in which the learning rate is low: it learns next to nothing. Set --warmupsteps to 1. The run is too short besides: raise --numberofsteps.",
            ],
            warnings);
    }
}
