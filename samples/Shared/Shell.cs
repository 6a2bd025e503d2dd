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
            or InvalidDataException or UnauthorizedAccessException or OverflowException)
        {
            Console.Error.WriteLine(OneLine(Cause(e).Message));
            return Failed;
        }
    }

    // ML.NET wraps what goes wrong while it loads a model.
    private static Exception Cause(Exception e) => e is TargetInvocationException { InnerException: { } inner } ? Cause(inner) : e;

    private static string OneLine(string message) => string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
