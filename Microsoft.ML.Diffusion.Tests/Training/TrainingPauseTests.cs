using System.Diagnostics;
using System.Reflection;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class TrainingPauseTests
{
    private static readonly TrainingOptions _training = TinyModel.Options.Training with { ReportEverySteps = 1 };

    [TestMethod]
    public void Fit_PausedAndResumed_CountsNoTimeAndGivesTheSameModel()
    {
        const double Wait = 0.3;
        var pause = new TrainingPause();
        List<(TrainingProgress Progress, TimeSpan Clock)> reports = [];
        var clock = Stopwatch.StartNew();
        void Receive(TrainingProgress progress)
        {
            reports.Add((progress, clock.Elapsed));
            if (progress.IsPaused)
            {
                Assert.IsTrue(pause.IsRequested);
                _ = Task.Delay(TimeSpan.FromSeconds(Wait)).ContinueWith(_ => pause.Resume(), TaskScheduler.Default);
            }
            else if (progress.Step == 4 && !reports.Exists(report => report.Progress.IsPaused))
            {
                pause.Pause();
            }
        }

        using var model = Train(_training with { Pause = pause, Progress = new Direct<TrainingProgress>(Receive) });
        using var expected = TinyModel.Train();

        CollectionAssert.AreEqual(
            (int[])[1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10],
            reports.ConvertAll(report => report.Progress.Step),
            "that it waits is told beside the reports of steps 4 and 5");
        var (before, after) = (reports[4], reports[5]);
        Assert.IsTrue(before.Progress.IsPaused);
        Assert.IsFalse(after.Progress.IsPaused);
        StringAssert.EndsWith(before.Progress.ToString(), " left, paused");
        var counted = after.Progress.Elapsed - before.Progress.Elapsed;
        Assert.IsGreaterThan(0.95 * Wait, (after.Clock - before.Clock - counted).TotalSeconds);
        Assert.IsGreaterThan(8 / (after.Clock - reports[3].Clock).TotalSeconds, after.Progress.ImagesPerSecond, "a step of 8 images without the wait");
        Assert.AreEqual(Weights.Digest(expected), Weights.Digest(model));
    }

    [TestMethod]
    public void Fit_CancelledWhileItWaits_KeepsTheModel()
    {
        using var source = new CancellationTokenSource();
        var pause = new TrainingPause();
        pause.Pause();
        var training = _training with
        {
            Pause = pause,
            CancellationToken = source.Token,
            ReturnModelOnCancellation = true,
            Progress = new Direct<TrainingProgress>(progress => source.Cancel(throwOnFirstException: progress.IsPaused)),
        };

        using var model = Train(training);

        Assert.AreEqual(TrainingEnd.Cancelled, model.Training!.End);
        Assert.AreEqual(0, model.Training.Steps);
    }

    [TestMethod]
    public void Fit_ContextCancelledWhileItWaits_Ends()
    {
        var mlContext = new MLContext(3);
        var cancel = typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic)!;
        var pause = new TrainingPause();
        pause.Pause();
        var training = _training with { Pause = pause, Progress = new Direct<TrainingProgress>(_ => cancel.Invoke(mlContext, null)) };

        Messages.Expect<OperationCanceledException>(
            "Training was cancelled by the MLContext.",
            () => TinyModel.Train(TinyModel.Options with { Training = training }, mlContext));
    }

    [TestMethod]
    public void Fit_PausedWithAFolder_WritesACheckpointBeforeItWaits()
    {
        using var folder = new TemporaryFolder();
        var pause = new TrainingPause();
        string? written = null;
        void Receive(TrainingProgress progress)
        {
            if (progress.IsPaused)
            {
                written = Path.GetFileName(folder.Checkpoints.Single());
                pause.Resume();
            }
            else if (progress.Step == 3)
            {
                pause.Pause();
            }
        }

        Train(_training with { Pause = pause, CheckpointDirectory = folder.Path, Progress = new Direct<TrainingProgress>(Receive) }).Dispose();

        Assert.AreEqual("checkpoint-0000000003.safetensors", written);
    }

    [TestMethod]
    public void Meter_Paused_StandsStill()
    {
        var meter = new TrainingMeter(batchSize: 1, numberOfImages: 1, new MeterState());
        meter.Pause();
        var (elapsed, silent) = (meter.Elapsed, meter.SinceReport);

        Thread.Sleep(5); // time, which must count nowhere

        Assert.AreEqual((elapsed, silent), (meter.Elapsed, meter.SinceReport));
        meter.Resume();
        Thread.Sleep(5); // and now it counts
        Assert.IsGreaterThan(elapsed, meter.Elapsed);
    }

    [TestMethod]
    public void Pause_ToString_TellsItsState()
    {
        var pause = new TrainingPause();
        Assert.AreEqual("Not paused", $"{pause}");
        pause.Pause();
        pause.Pause();
        Assert.AreEqual("Paused", $"{pause}");
        pause.Resume();
        Assert.IsFalse(pause.IsRequested);
    }

    private static DiffusionTransformer Train(TrainingOptions training) => TinyModel.Train(TinyModel.Options with { Training = training });
}
