using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

/// <summary>What a console shows, character by character; the clock is the test's.</summary>
[TestClass]
[DoNotParallelize] // a process has one bar
public sealed class ConsoleProgressTests : IDisposable
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private TimeSpan _now;

    public void Dispose() => _output.Dispose();

    [TestMethod]
    public void Report_RedirectedTraining_IsALineFirstAndLastAndByTimeBetween()
    {
        var progress = Lines();

        for (var step = 1; step <= 3000; step++)
        {
            _now = TimeSpan.FromSeconds(step);
            progress.Report(At(step, 3000));
        }

        var steps = Text().Split('\n').Select(line => int.Parse(line.Split(' ')[2])).ToArray();
        Assert.AreSequenceEqual([1, 11, 21, 31], steps[..4]);
        Assert.IsTrue(steps.Zip(steps[1..^1]).All(pair => pair.Second - pair.First is >= 10 and <= 60));
        Assert.AreEqual(60, steps[^2] - steps[^3]);
        Assert.AreEqual(3000, steps[^1]);
        Assert.AreEqual("Training: step 1 of 3000 (0 %), epoch 0.10, loss 0.5000, learning rate 0.001, 64 images/s, 00:49:59 left", Text().Split('\n')[0]);
    }

    [TestMethod]
    public void Report_RedirectedShare_IsALineByTime()
    {
        var progress = Lines();

        for (var second = 0; second <= 25; second++)
        {
            _now = TimeSpan.FromSeconds(second);
            progress.Report(second / 25.0);
        }

        Assert.AreEqual("Generating: 40 %\nGenerating: 80 %", Text());
    }

    [TestMethod]
    public void Report_Terminal_RewritesOneLineAndLeavesNothingOfIt()
    {
        var progress = Terminal(columns: 100);

        progress.Report(At(500, 1000, validation: 0.25));
        _now += TimeSpan.FromSeconds(1);
        progress.Report(At(1000, 1000));

        var shown = $"Training {new string('\u2588', 12)}{new string('\u2591', 12)}  50 %  step 500 of 1000  loss 0.5000  validation 0.2500  64 image";
        Assert.AreEqual(
            $"\r{shown}\r{new string(' ', shown.Length)}\rTraining: step 1000 of 1000 (100 %), epoch 100.00, loss 0.5000, learning rate 0.001, 64 images/s, 00:00:00 left\n",
            _output.ToString());
        Assert.IsLessThan(100, shown.Length);
    }

    [TestMethod]
    public void WriteLine_WhileABarIsShown_StandsAboveIt()
    {
        var progress = Terminal(columns: 60);

        progress.Report(0.5);
        progress.WriteLine("a\u001b[2Jb");

        var shown = $"Generating {new string('\u2588', 12)}{new string('\u2591', 12)}  50 %";
        Assert.AreEqual($"\r{shown}\r{new string(' ', shown.Length)}\ra?[2Jb\n\r{shown}", _output.ToString());
        progress.Dispose();
        StringAssert.EndsWith(_output.ToString(), $"\r{new string(' ', shown.Length)}\r");
    }

    [TestMethod]
    public void Report_SecondBar_WaitsForTheFirst()
    {
        using var first = Terminal(columns: 60);
        using var written = new StringWriter();
        var now = TimeSpan.Zero;
        using var second = new ConsoleProgress(null, written, () => 60, () => now);

        first.Report(0.1);
        second.Report(0.1);
        Assert.AreEqual("", written.ToString());

        first.Report(1.0);
        now += TimeSpan.FromSeconds(1);
        second.Report(0.2);
        StringAssert.StartsWith(written.ToString(), "\rGenerating ");
    }

    [TestMethod]
    public void Show_WorkThatFails_LeavesACleanLine()
    {
        var progress = Terminal(columns: 60);

        Assert.ThrowsExactly<InvalidOperationException>(() => progress.Show<int>("Working", () =>
        {
            progress.Report(0.5);
            throw new InvalidOperationException();
        }));

        StringAssert.EndsWith(_output.ToString(), " \r");
        StringAssert.Contains(_output.ToString(), "\rWorking ");
    }

    [TestMethod]
    public void Show_Work_TellsHowLongItTook()
    {
        var result = Lines().Show("Reading", () =>
        {
            _now += TimeSpan.FromSeconds(2.5);
            return 7;
        });

        Assert.AreEqual((7, "Reading took 2.5 s."), (result, Text()));
    }

    [TestMethod]
    public void Text_NarrowOrWithoutUnicode_IsWhatFits()
    {
        Assert.AreEqual("Training ######------------------  25 %  loss", TerminalBar.Text("Training", 0.25, "loss", 79, isUnicode: false));
        Assert.AreEqual("Training ######-----", TerminalBar.Text("Training", 0.25, "loss", 20, isUnicode: false));
        Assert.AreEqual($"Training {new string('-', 24)}   0 %", TerminalBar.Text("Training", double.NaN, "", 79, isUnicode: false));
    }

    [TestMethod]
    public void Log_OfAContext_ShowsWarningsAndNewsOfThisLibraryOnce()
    {
        var mlContext = new MLContext(seed: 3);
        var training = TinyModel.Options.Training with { NumberOfSteps = 2, WarmupSteps = 2 };
        using (var progress = new ConsoleProgress(mlContext, _output, null, () => _now))
        {
            TinyModel.Train(TinyModel.Options with { Training = training with { Progress = progress } }, mlContext).Dispose();
        }

        TinyModel.Train(TinyModel.Options with { Training = training }, mlContext).Dispose(); // after it is disposed

        var lines = Text().Split('\n');
        Assert.HasCount(4, lines, Text());
        StringAssert.StartsWith(lines[0], "Training begins on cpu: 8 images of 8x8, 1 channel; a network of ");
        Assert.AreEqual(
            "Warning: Of the 2 steps of this run, 2 are its warm-up, in which the learning rate is low: it learns next to nothing. Set WarmupSteps to 1. The run is too short besides: raise NumberOfSteps.",
            lines[1]);
        StringAssert.StartsWith(lines[2], "Training: step 1 of 2 (50 %), ");
        StringAssert.StartsWith(lines[3], "Training: step 2 of 2 (100 %), ");
    }

    private ConsoleProgress Lines() => new(null, _output, null, () => _now);

    private ConsoleProgress Terminal(int columns) => new(null, _output, () => columns, () => _now);

    private string Text() => _output.ToString().TrimEnd('\n');

    private static TrainingProgress At(int step, int steps, double? validation = null) =>
        new(step, step / 10.0, (double)step / steps, 0.5, 1e-3, 64, TimeSpan.FromSeconds(step), 0, validation)
        {
            IsFirst = step == 1,
            IsLast = step == steps,
        };
}
