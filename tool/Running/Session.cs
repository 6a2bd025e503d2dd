using Diffusion.Tool.Options;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Diffusion.Tool.Running;

/// <summary>What a command works with: results go to the standard output, everything else to the standard error.</summary>
/// <param name="isQuiet">Whether only mistakes are told.</param>
/// <param name="isVerbose">Whether all that ML.NET and the library log is told.</param>
/// <param name="cancellationToken">Ends the work.</param>
internal sealed class Session(bool isQuiet, bool isVerbose, CancellationToken cancellationToken) : IDisposable
{
    private const int SkippedNamed = 20;

    // On the standard error also with --verbose, whose lines may not run into a bar.
    private readonly ConsoleProgress _display = new(output: isQuiet ? TextWriter.Null : Console.Error);

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Gets or sets who else is told warnings (true) and news (false).</summary>
    public Action<bool, string>? Listener { get; set; }

    /// <summary>Receives how far a training is.</summary>
    public IProgress<TrainingProgress> Training => _display;

    /// <summary>Receives the share of a drawing that is done.</summary>
    public IProgress<double> Drawing => _display;

    /// <summary>Makes the context of a command, whose warnings and news are told.</summary>
    public MLContext CreateContext(int? seed = null)
    {
        var context = new MLContext(seed);
        context.Log += (_, e) =>
        {
            if (Listener is not null && IsNews(e))
            {
                Listener(
                    e.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Error,
                    OptionMessages.Format(e.RawMessage, TypedNames.Of));
            }

            if (isVerbose && isQuiet)
            {
                Console.Error.WriteLine(TerminalText.Safe(e.Message));
            }
            else if (isVerbose)
            {
                _display.WriteLine(e.Message);
            }
            else if (IsNews(e))
            {
                _display.WriteLine(OptionMessages.Format(e.RawMessage, TypedNames.Of));
            }
        };
        return context;
    }

    /// <summary>Tells something by the way.</summary>
    public void Tell(string text) => _display.WriteLine(text);

    /// <summary>Tells which files were skipped and why, in the names of this tool's options.</summary>
    public void TellSkipped(IReadOnlyList<SkippedFile> files, string folder)
    {
        foreach (var file in files.Take(SkippedNamed))
        {
            Tell($"Skipped '{file.Path}': {file.GetReason(TypedNames.Of)}.");
        }

        if (files.Count > SkippedNamed)
        {
            Tell($"Skipped {files.Count - SkippedNamed} more files: 'diffusion inspect {folder}' names all.");
        }
    }

    /// <summary>Does work that takes its time, with what it reports on show.</summary>
    public T Show<T>(string title, Func<T> work) => isQuiet ? work() : _display.Show(title, work);

    /// <inheritdoc/>
    public void Dispose() => _display.Dispose();

    // What else there is, is told already: the steps of training, its seed, skipped files, metadata where there is an option for it.
    private static bool IsNews(LoggingEventArgs e) => e.Kind switch
    {
        ChannelMessageKind.Warning or ChannelMessageKind.Error => !StartsWith(e.RawMessage, "Skipped "),
        ChannelMessageKind.Info => StartsWith(e.Source, "Diffusion") && !StartsWith(e.RawMessage, "step ") && !StartsWith(e.RawMessage, "No seed ")
            && !e.RawMessage.Contains("' says more of the images: ", StringComparison.Ordinal),
        _ => false,
    };

    private static bool StartsWith(string? text, string start) => text?.StartsWith(start, StringComparison.Ordinal) == true;
}
