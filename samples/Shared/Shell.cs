using System.Reflection;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>How a program ends: its own exit code, one line for what is wrong with its input, or quietly at Ctrl+C.</summary>
public static class Shell
{
    /// <summary>The exit code of a program that could not do what it was asked.</summary>
    public const int Failed = 1;

    /// <summary>The exit code of a program that was stopped by Ctrl+C or SIGTERM: 128 + SIGINT, as shells count.</summary>
    public const int Interrupted = 130;

    /// <summary>Runs a program: Ctrl+C and SIGTERM cancel its token, what is wrong with its input is one line on the standard error.</summary>
    /// <param name="program">Does the work and returns the exit code.</param>
    /// <returns>The exit code of the process: the program's, <see cref="Failed"/> or <see cref="Interrupted"/>.</returns>
    public static int Run(Func<CancellationToken, int> program)
    {
        ArgumentNullException.ThrowIfNull(program);
        using var source = new CancellationTokenSource();
        void Cancel(PosixSignalContext context)
        {
            context.Cancel = !source.IsCancellationRequested; // a second Ctrl+C ends the process at once
            source.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);

        try
        {
            return program(source.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Stopped.");
            return Interrupted;
        }
        catch (Exception e) when (Cause(e) is ArgumentException or InvalidOperationException or FormatException or IOException
            or InvalidDataException or UnauthorizedAccessException or OverflowException or DllNotFoundException)
        {
            Console.Error.WriteLine(Message(Cause(e)));
            return Failed;
        }
    }

    /// <summary>Finds what went wrong in what ML.NET and the runtime wrap, in constructors and in parallel work.</summary>
    public static Exception Cause(Exception e) =>
        e is TargetInvocationException or TypeInitializationException or AggregateException && e.InnerException is { } inner
            ? Cause(inner)
            : e;

    /// <summary>The message of an exception in one line; the library's advice on a libtorch that cannot be loaded keeps its lines.</summary>
    public static string Message(Exception e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e is DllNotFoundException ? e.Message : OneLine(e.Message);
    }

    /// <summary>A text with a space wherever its lines end.</summary>
    public static string OneLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
