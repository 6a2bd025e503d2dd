using System.Reflection;
using Diffusion.Tool.Options;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>How a command ended if not well.</summary>
/// <param name="ExitCode">Of the process.</param>
/// <param name="Message">One line.</param>
internal sealed record Failure(int ExitCode, string Message)
{
    /// <summary>The exit code of a command that was typed wrongly.</summary>
    public const int WrongUsage = 2;

    /// <summary>Finds what to tell of an exception. One of the library about an option names that option as it was typed.</summary>
    public static Failure Of(Exception exception) => Cause(exception) switch
    {
        InterruptedException interrupted => new(Shell.Interrupted, interrupted.Message),
        OperationCanceledException => new(Shell.Interrupted, "Stopped."),
        UsageException usage => new(WrongUsage, usage.Message),
        ToolException failed => new(Shell.Failed, failed.Message),
        ArgumentException argument when OptionWords.Find(argument) is { } message => new(WrongUsage, message),
        var other => new(Shell.Failed, OneLine(OptionWords.Replace(other.Message))),
    };

    // ML.NET and the runtime wrap what goes wrong in constructors and in parallel work.
    private static Exception Cause(Exception exception) => exception is TargetInvocationException or TypeInitializationException or AggregateException && exception.InnerException is { } inner
        ? Cause(inner)
        : exception;

    private static string OneLine(string message) => string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
