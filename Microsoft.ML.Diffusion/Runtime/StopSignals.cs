using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// While it lives, a signal that asks the process to end (SIGTERM, SIGINT, SIGHUP) first stops the run at hand, and the process ends, or does what its host
/// wants, once the run has saved itself.
/// </summary>
/// <remarks>
/// The system's handlers of a signal are called one after the other, the host's among them, and the process ends unless one of them objects. This one only keeps
/// them waiting; it objects to nothing, so that the exit code is the signal's. A second signal does not wait.
/// </remarks>
internal sealed class StopSignals : IDisposable
{
    // Longer than any handler should take; a host that waits for its work in one must not wait for ever.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _glance = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly ManualResetEventSlim _saved = new();
    private readonly PosixSignalRegistration[] _registrations;
    private PosixSignalContext? _signal;

    public StopSignals() => _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop),
        ];

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Lets the handlers go on, and waits for the end of the process, unless its host objects or takes its time.</summary>
    public void Saved()
    {
        _saved.Set();
        if (_signal is { } signal)
        {
            for (var waited = TimeSpan.Zero; !signal.Cancel && waited < _patience; waited += _glance)
            {
                Thread.Sleep(_glance); // a handler that objects sets a flag, and tells nobody
            }
        }
    }

    /// <summary>Gives the signals back; a handler that still waits goes on.</summary>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _saved.Set();
    }

    private void Stop(PosixSignalContext context)
    {
        if (Interlocked.CompareExchange(ref _signal, context, null) is null)
        {
            _stop.Cancel();
            _saved.Wait();
        }
    }
}
