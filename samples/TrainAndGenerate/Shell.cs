using System.Reflection;
using System.Runtime.InteropServices;

namespace TrainAndGenerate;

/// <summary>How a program ends: its own exit code, one line for what is wrong with its input, or quietly at Ctrl+C.</summary>
internal static class Shell
{
    private const int Failed = 1;
    private const int Interrupted = 130; // 128 + SIGINT, as shells count

    public static int Run(Func<CancellationToken, int> program)
    {
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
