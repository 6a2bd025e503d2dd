using Diffusion.Tool.Options;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>How a command ended if not well.</summary>
/// <param name="ExitCode">Of the process.</param>
/// <param name="Message">One line, or the advice on a missing libtorch.</param>
internal sealed record Failure(int ExitCode, string Message)
{
    /// <summary>The exit code of a command that was typed wrongly.</summary>
    public const int WrongUsage = 2;

    /// <summary>Finds what to tell of an exception. One of the library about an option names that option as it was typed.</summary>
    public static Failure Of(Exception exception) => Shell.Cause(exception) switch
    {
        InterruptedException interrupted => new(Shell.Interrupted, interrupted.Message),
        OperationCanceledException => new(Shell.Interrupted, "Stopped."),
        UsageException usage => new(WrongUsage, usage.Message),
        ToolException failed => new(Shell.Failed, failed.Message),
        ArgumentException argument when TypedNames.MessageOfOption(argument) is { } message => new(WrongUsage, message),
        DllNotFoundException missing => new(Shell.Failed, missing.Message),
        var other => new(Shell.Failed, Shell.OneLine(TypedNames.Message(other))),
    };
}
