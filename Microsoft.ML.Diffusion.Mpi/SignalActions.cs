using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Mpi;

/// <summary>
/// Keeps what happens at signals of faults as it is while a library is loaded: .NET makes a NullReferenceException of SIGSEGV, which UCX, a part of many builds of MPI,
/// takes for itself as soon as it is loaded, and then ends the process.
/// </summary>
internal sealed unsafe partial class SignalActions : IDisposable
{
    private const int Size = 256; // more than a struct sigaction has anywhere

    private static readonly int[] _signals = [4, 6, 7, 8, 11]; // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV of Linux

    private readonly byte[] _actions = new byte[OperatingSystem.IsLinux() ? Size * _signals.Length : 0];

    /// <summary>Saves them, on Linux.</summary>
    public SignalActions() => ForEach((signal, action) => SetAction(signal, null, action));

    /// <summary>Puts them back.</summary>
    public void Dispose() => ForEach((signal, action) => SetAction(signal, action, null));

    private delegate int Call(int signal, byte* action);

    private void ForEach(Call call)
    {
        fixed (byte* actions = _actions)
        {
            for (var i = 0; i * Size < _actions.Length; i++)
            {
                if (call(_signals[i], actions + (i * Size)) != 0)
                {
                    throw new InvalidOperationException($"sigaction failed for signal {_signals[i]}: {Marshal.GetLastPInvokeErrorMessage()}.");
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    private static partial int SetAction(int signal, byte* action, byte* before);
}
