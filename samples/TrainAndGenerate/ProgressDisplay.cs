using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Diffusion;
using Spectre.Console;

namespace TrainAndGenerate;

/// <summary>Shows how far the work is: a live bar on a terminal, elsewhere a line about every ten seconds.</summary>
internal sealed class ProgressDisplay : IProgress<TrainingProgress>, IProgress<double>
{
    private static readonly TimeSpan _betweenLines = TimeSpan.FromSeconds(10);

    private readonly bool _isLive = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi;
    private readonly Stopwatch _sinceLine = new();
    private string _title = "";
    private ProgressTask? _bar;

    /// <summary>Does the work, shows what it reports here, and tells how long it took.</summary>
    public T Show<T>(string title, Func<T> work)
    {
        var clock = Stopwatch.StartNew();
        _title = title;
        _sinceLine.Restart();
        var result = _isLive ? WithBar(work) : work();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title} took {clock.Elapsed.TotalSeconds:F1} s."));
        return result;
    }

    /// <summary>Tells in a line how a training went.</summary>
    public static string Describe(TrainingSummary training) => string.Create(
        CultureInfo.InvariantCulture,
        $"learned from {training.Images:N0} pictures in {training.Steps:N0} steps of {training.BatchSize}, {training.Steps * training.BatchSize / training.Seconds:F0} images/s, last loss {training.FinalLoss:F4}, {training.SkippedSteps} steps skipped");

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        var left = value.Remaining.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture);
        var skipped = value.SkippedSteps > 0 ? $"  {value.SkippedSteps} steps skipped" : "";
        Report(value.Fraction, string.Create(CultureInfo.InvariantCulture, $"loss {value.Loss:F4}  {value.ImagesPerSecond:F0} images/s  {left} left{skipped}"), value.ToString());
    }

    /// <inheritdoc/>
    public void Report(double value) => Report(value, "", string.Create(CultureInfo.InvariantCulture, $"{100 * value:F0} %"));

    private T WithBar<T>(Func<T> work) => AnsiConsole.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn())
        .Start(context =>
        {
            _bar = context.AddTask(Markup.Escape(_title), maxValue: 1);
            return work();
        });

    private void Report(double fraction, string detail, string line)
    {
        if (_bar is not null)
        {
            (_bar.Value, _bar.Description) = (fraction, $"{_title}  {detail}");
        }
        else if (_sinceLine.Elapsed >= _betweenLines)
        {
            Console.WriteLine($"{_title}: {line}");
            _sinceLine.Restart();
        }
    }
}
