using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;
using Spectre.Console;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Shows how far the work is: a live bar on a terminal, elsewhere a line about every ten seconds.</summary>
public sealed class ProgressDisplay : IProgress<TrainingProgress>, IProgress<double>
{
    private static readonly TimeSpan _betweenLines = TimeSpan.FromSeconds(10);

    private readonly TextWriter _output;
    private readonly IAnsiConsole? _live;
    private readonly Stopwatch _sinceLine = new();
    private string _title = "";
    private ProgressTask? _bar;

    /// <summary>Shows progress on the standard output, or on the standard error of programs whose output is for other programs.</summary>
    /// <param name="onError">Whether to use the standard error.</param>
    public ProgressDisplay(bool onError = false)
    {
        _output = onError ? Console.Error : Console.Out;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_output) });
        _live = !(onError ? Console.IsErrorRedirected : Console.IsOutputRedirected) && console.Profile.Capabilities.Ansi ? console : null;
    }

    /// <summary>Does the work, shows what it reports here, and tells how long it took.</summary>
    /// <param name="title">What is done, such as "Training".</param>
    /// <param name="work">The work.</param>
    /// <returns>What the work returned.</returns>
    public T Show<T>(string title, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var clock = Stopwatch.StartNew();
        _title = title;
        _sinceLine.Restart();
        var result = _live is null ? work() : WithBar(_live, work);
        _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title} took {clock.Elapsed.TotalSeconds:F1} s."));
        return result;
    }

    /// <summary>Tells in a line how a training went.</summary>
    public static string Describe(TrainingSummary training)
    {
        ArgumentNullException.ThrowIfNull(training);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"learned from {training.Images:N0} pictures in {training.Steps:N0} steps of {training.BatchSize}, {training.Steps * (double)training.BatchSize / training.Seconds:F0} images/s, last loss {training.FinalLoss:F4}, {training.SkippedSteps} steps skipped");
    }

    /// <summary>Tells a length of time, such as 04:05:06 or 3 days 04:05:06.</summary>
    public static string Time(TimeSpan time) => TimeText.Of(time);

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var skipped = value.SkippedSteps > 0 ? $"  {value.SkippedSteps} steps skipped" : "";
        Report(
            value.Fraction,
            string.Create(
                CultureInfo.InvariantCulture,
                $"loss {value.Loss:F4}  {value.ImagesPerSecond:F0} images/s  {Time(value.Remaining)} left{skipped}"),
            value.ToString());
    }

    /// <inheritdoc/>
    public void Report(double value) => Report(value, "", string.Create(CultureInfo.InvariantCulture, $"{100 * value:F0} %"));

    private T WithBar<T>(IAnsiConsole console, Func<T> work) => console.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn())
        .Start(context =>
        {
            _bar = context.AddTask(Markup.Escape(_title), maxValue: 1);
            try
            {
                return work();
            }
            finally
            {
                _bar = null; // what is reported later goes to lines again
            }
        });

    private void Report(double fraction, string detail, string line)
    {
        if (_bar is not null)
        {
            (_bar.Value, _bar.Description) = (fraction, Markup.Escape($"{_title}  {detail}"));
        }
        else if (_sinceLine.Elapsed >= _betweenLines)
        {
            _output.WriteLine($"{_title}: {line}");
            _sinceLine.Restart();
        }
    }
}
