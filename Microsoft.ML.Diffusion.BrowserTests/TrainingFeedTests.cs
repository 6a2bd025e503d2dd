using System.Text.Json;
using Diffusion.Tool.Playground.Training;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>What pages are told of a training, without a page.</summary>
[TestClass]
public sealed class TrainingFeedTests
{
    private readonly TrainingFeed _feed = new("A model of <b>things</b>");

    [TestMethod]
    public void Since_NothingKnown_IsAllThereIs()
    {
        _feed.Tell(isWarning: true, "Mind </script><script>");
        _feed.Report(Progress(1, 0.5));
        _feed.Report(Progress(10, 0.25, validation: 0.3));
        using (var row = Row())
        {
            _feed.Show(10, row);
        }

        var all = _feed.Since(null);

        Assert.IsTrue(all.IsWhole);
        Assert.AreEqual((TrainingState.Running, 4L), (all.State, all.Number));
        CollectionAssert.AreEqual((double?[])[1, 0.5, 0.001, 20], all.Points[0]);
        CollectionAssert.AreEqual((double?[])[10, 0.3], all.Validations.Single());
        Assert.AreEqual(new FeedMessage(0, IsWarning: true, "Mind </script><script>"), all.Messages.Single());
        Assert.AreEqual((10, 16), (all.Grids.Single().Step, all.Grids[0].Count));
        Assert.IsFalse(all.ToJson().Contains('<', StringComparison.Ordinal), "it may stand in a page");
        Assert.AreEqual("running", JsonDocument.Parse(all.ToJson()).RootElement.GetProperty("state").GetString());
    }

    [TestMethod]
    public void Since_SomeKnown_IsTheRestAndEachThingOnce()
    {
        _feed.Report(Progress(1, 0.5));
        var first = _feed.Since(null);
        _feed.Report(Progress(2, 0.4, validation: 0.3));
        _feed.Report(Progress(3, 0.3, validation: 0.3));
        _feed.Tell(isWarning: false, "note");

        var rest = _feed.Since(first.Id);
        var nothing = _feed.Since(rest.Id);

        Assert.IsFalse(rest.IsWhole || nothing.IsWhole);
        CollectionAssert.AreEqual((double?[])[2, 3], rest.Points.Select(point => point[0]).ToArray());
        Assert.HasCount(1, rest.Validations);
        Assert.HasCount(1, rest.Messages);
        Assert.AreEqual(0, nothing.Points.Count + nothing.Validations.Count + nothing.Messages.Count + nothing.Grids.Count);
        Assert.AreEqual(3, nothing.Progress!.Step);
    }

    [TestMethod]
    [DataRow("00000000-1", DisplayName = "of another training")]
    [DataRow("nonsense")]
    [DataRow("-")]
    public void Since_UnknownNumber_IsAllThereIs(string id)
    {
        _feed.Report(Progress(1, 0.5));

        Assert.IsTrue(_feed.Since(id).IsWhole);
        Assert.IsTrue(_feed.Since($"{_feed.Run}-99").IsWhole, "of the future");
        Assert.IsTrue(_feed.Since($"{_feed.Run}--1").IsWhole, "of no time");
    }

    [TestMethod]
    public void Report_VeryManySteps_KeepsFewPointsOfTheSameMean()
    {
        const int Steps = 100_000;
        var known = "";
        var whole = 0;
        for (var step = 1; step <= Steps; step++)
        {
            _feed.Report(Progress(step, step % 2 == 0 ? 1 : 3, validation: step));
            if (step % 1000 == 0)
            {
                var update = _feed.Since(known);
                (known, whole) = (update.Id, whole + (update.IsWhole ? 1 : 0));
            }
        }

        var all = _feed.Since(null);

        Assert.IsInRange(300, 800, all.Points.Count);
        Assert.IsInRange(300, 800, all.Validations.Count);
        Assert.IsTrue(all.Points.Skip(1).All(point => point[1] == 2), "pairs of 1 and 3");
        Assert.AreEqual(Steps / 2.0, all.Points.Average(point => point[0])!.Value, Steps / 100.0);
        Assert.IsLessThan(15, whole, "a page is given all anew only when points become fewer");
    }

    [TestMethod]
    public void Report_NoFiniteLoss_IsNull()
    {
        _feed.Report(Progress(1, double.NaN));

        Assert.IsNull(_feed.Since(null).Points[0][1]);
        StringAssert.Contains(_feed.Since(null).ToJson(), "\"loss\":null");
    }

    [TestMethod]
    public void TellAndShow_VeryMany_KeepsSome()
    {
        using var row = Row();
        for (var i = 0; i < 500; i++)
        {
            _feed.Tell(isWarning: false, new string('x', 10_000));
            _feed.Show(i, row);
        }

        var all = _feed.Since(null);

        Assert.HasCount(100, all.Messages);
        Assert.AreEqual(4001, all.Messages[0].Text.Length);
        Assert.HasCount(24, all.Grids);
        Assert.AreEqual((0, 499), (all.Grids[0].Step, all.Grids[^1].Step));
    }

    [TestMethod]
    public async Task WaitAsync_Change_EndsTheWaitOfEverybody()
    {
        var waits = Enumerable.Range(0, 5).Select(_ => _feed.WaitAsync(0, CancellationToken.None)).ToArray();
        Assert.IsFalse(waits[0].IsCompleted);

        _feed.Report(Progress(1, 1));

        await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.IsTrue(_feed.WaitAsync(0, CancellationToken.None).IsCompleted);
        Assert.IsFalse(_feed.WaitAsync(1, CancellationToken.None).IsCompleted);
    }

    [TestMethod]
    public void PauseResumeStop_EachOnlyWhenItCanBe()
    {
        using var training = new WatchedTraining("it", next: null, CancellationToken.None);
        Assert.IsFalse(training.Pause() || training.Resume() || training.Stop(), "there is no step yet");
        training.Feed.Report(Progress(1, 1));

        Assert.IsTrue(training.Pause());
        Assert.IsFalse(training.Pause());
        Assert.AreEqual((TrainingState.Pausing, true), (training.Feed.State, training.Waiting.IsRequested));
        training.Feed.Report(Progress(1, 1, isPaused: true));
        Assert.AreEqual(TrainingState.Paused, training.Feed.State);
        Assert.IsTrue(training.Resume());
        training.Feed.Report(Progress(1, 1, isPaused: true));
        Assert.AreEqual((TrainingState.Running, false), (training.Feed.State, training.Waiting.IsRequested), "told before it went on");
        Assert.IsTrue(training.Stop());
        Assert.IsTrue(training.IsStopped && training.Token.IsCancellationRequested);
        Assert.IsFalse(training.Stop() || training.Pause() || training.Resume());
    }

    [TestMethod]
    public void Run_Fails_SaysSoAndThrows()
    {
        using var training = new WatchedTraining("it", next: null, CancellationToken.None);

        Assert.ThrowsExactly<IOException>(() => training.Run<int>(() => throw new IOException("full"), _ => "", error => error.Message));

        var last = training.Feed.Since(null);
        Assert.AreEqual((TrainingState.Failed, "full", true), (last.State, last.Text, last.IsLast));
    }

    private static TrainingProgress Progress(int step, double loss, double? validation = null, bool isPaused = false) =>
        new(step, epoch: step, fraction: 0.5, loss, learningRate: 0.001, imagesPerSecond: 20, TimeSpan.FromSeconds(step), skippedSteps: 0, validation) { IsPaused = isPaused };

    private static MLImage Row() => MLImage.CreateFromPixels(32, 2, MLPixelFormat.Rgba32, new byte[32 * 2 * 4]);
}
