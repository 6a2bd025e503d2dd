using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>Shows on a console how far trainings and generations are: <see cref="TrainingOptions.Progress"/>, <see cref="GenerationOptions.Progress"/>.</summary>
/// <remarks>
/// <para>On a terminal it is a bar that is drawn again in its line, and gone when the work is done. Where the output goes to a file or another program, it is a line
/// after the first step of a training and after its last, and in between about every ten seconds, later on every minute; of other work only the latter.</para>
/// <para>It may be used by several threads. Two bars never share a terminal: the one that began first is shown. A bar that is left by an exception goes with
/// <see cref="Show"/> or <see cref="Dispose"/>.</para>
/// </remarks>
public sealed class ConsoleProgress : IProgress<TrainingProgress>, IProgress<double>, IDisposable
{
    private const string LogPrefix = "Diffusion"; // of the sources of this library's messages

    private static readonly TimeSpan _betweenFrames = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan _betweenFirstLines = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _betweenLaterLines = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly TextWriter _output;
    private readonly TerminalBar? _bar;
    private readonly Func<TimeSpan> _clock;
    private readonly MLContext? _context;
    private string? _title;
    private TimeSpan? _start;
    private TimeSpan _last;

    /// <summary>Shows progress.</summary>
    /// <param name="context">
    /// The context whose log's warnings and news of this library are shown as well, until this is disposed: skipped files, what a training is about to do, what
    /// is wrong with it and how to mend it. <see langword="null"/>, the default, shows none.
    /// </param>
    /// <param name="output">Where; <see langword="null"/>, the default, is the standard output. A bar is drawn on the standard output or the standard error only.</param>
    public ConsoleProgress(MLContext? context = null, TextWriter? output = null)
        : this(context, output ?? Console.Out, TerminalWidth(output ?? Console.Out), Stopwatch.StartNew())
    {
    }

    internal ConsoleProgress(MLContext? context, TextWriter output, Func<int>? width, Func<TimeSpan> clock)
    {
        (_context, _output, _clock) = (context, output, clock);
        _bar = width is null ? null : new TerminalBar(output, width);
        if (context is not null)
        {
            context.Log += Tell;
        }
    }

    private ConsoleProgress(MLContext? context, TextWriter output, Func<int>? width, Stopwatch clock)
        : this(context, output, width, () => clock.Elapsed)
    {
    }

    /// <summary>Does work, with what it reports here on show under a title, and tells how long it took.</summary>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="title">What is done, such as "Training".</param>
    /// <param name="work">The work, whose options have this object as their <c>Progress</c>.</param>
    /// <returns>What the work returned.</returns>
    public T Show<T>(string title, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(work);
        var start = _clock();
        Begin(title);
        try
        {
            var result = work();
            End();
            WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title} took {(_clock() - start).TotalSeconds:F1} s."));
            return result;
        }
        finally
        {
            End();
            _title = null;
        }
    }

    /// <summary>Writes a line of text, above the bar if there is one.</summary>
    /// <param name="text">The text; characters that are none, such as commands to a terminal, are shown as question marks.</param>
    public void WriteLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        lock (_lock)
        {
            WriteSafe(text);
        }
    }

    /// <summary>Shows where a training stands.</summary>
    /// <param name="value">Where it stands.</param>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        lock (_lock)
        {
            var isFirst = _start is null || value.IsFirst;
            var isDue = isFirst || value.IsLast || value.IsPaused;
            Update(_title ?? "Training", value.Fraction, value.Summary, value.ToString(), isDue, value.IsLast);
        }
    }

    /// <summary>Shows the share of other work that is done.</summary>
    /// <param name="value">The share, 0..1; at 1 the work is done.</param>
    public void Report(double value)
    {
        lock (_lock)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"{100 * value:F0} %");
            Update(_title ?? "Generating", value, "", line, isDue: false, isLast: value >= 1);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => "Progress on the console";

    /// <summary>Takes a bar that is left from the terminal, and shows the log no more.</summary>
    public void Dispose()
    {
        if (_context is not null)
        {
            _context.Log -= Tell;
        }

        End();
    }

    /// <summary>Whether a message of a log is of this library and not shown in another way: no report of a training's progress.</summary>
    internal static bool IsNews(LoggingEventArgs message) =>
        message.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Info
        && message.Source?.StartsWith(LogPrefix, StringComparison.Ordinal) == true
        && !(message.Kind == ChannelMessageKind.Info && TrainingProgress.IsText(message.RawMessage));

    private void Tell(object? sender, LoggingEventArgs message)
    {
        if (IsNews(message))
        {
            WriteLine(message.Kind == ChannelMessageKind.Warning ? $"Warning: {message.RawMessage}" : message.RawMessage);
        }
    }

    private void Begin(string title)
    {
        lock (_lock)
        {
            (_title, _start, _last) = (title, null, _clock());
        }
    }

    private void End()
    {
        lock (_lock)
        {
            _bar?.Erase();
            _start = null; // what is reported next is the first of its work
        }
    }

    private void Update(string title, double fraction, string detail, string line, bool isDue, bool isLast)
    {
        var now = _clock();
        var isFirst = _start is null;
        if (isFirst)
        {
            (_start, _last) = (now, now);
        }

        if (_bar is not null && !isLast && (isFirst || now - _last >= _betweenFrames))
        {
            _last = now;
            _bar.Draw(title, fraction, detail);
        }

        if (isLast)
        {
            End();
        }

        if (_bar is null ? isDue || now - _last >= BetweenLines(now) : isDue && isLast)
        {
            _last = now;
            WriteSafe($"{title}: {line}");
        }
    }

    private TimeSpan BetweenLines(TimeSpan now)
    {
        var pause = (now - (_start ?? now)) / 20;
        return pause < _betweenFirstLines ? _betweenFirstLines : pause > _betweenLaterLines ? _betweenLaterLines : pause;
    }

    private void WriteSafe(string text)
    {
        if (_bar is { IsShown: true })
        {
            _bar.WriteLine(TerminalText.Safe(text));
        }
        else
        {
            _output.WriteLine(TerminalText.Safe(text));
        }

        _output.Flush();
    }

    // Null where there is no terminal to draw on.
    private static Func<int>? TerminalWidth(TextWriter output)
    {
        const int Unknown = 80;
        var isTerminal = (ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected)
            || (ReferenceEquals(output, Console.Error) && !Console.IsErrorRedirected);
        return isTerminal && Environment.GetEnvironmentVariable("TERM") != "dumb" ? Width : null;

        static int Width()
        {
            try
            {
                return Console.WindowWidth is > 0 and var width ? width : Unknown;
            }
            catch (IOException)
            {
                return Unknown;
            }
        }
    }
}
