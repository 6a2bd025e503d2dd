using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// Whether a run was asked to stop: by the user's token, by ML.NET's own cancelling of everything that a context does, or by a signal to the process.
/// </summary>
internal sealed class RunCancellation : IDisposable
{
    private readonly IHost? _host;
    private readonly CancellationToken _user;
    private readonly StopSignals? _signals;
    private readonly CancellationTokenSource _any;

    /// <param name="host">May be cancelled by its context.</param>
    /// <param name="token">The user's.</param>
    /// <param name="signals">Those that stop the run; null for none. They stay the caller's.</param>
    public RunCancellation(IHost? host, CancellationToken token, StopSignals? signals = null)
    {
        (_host, _user, _signals) = (host, token, signals);
        _any = CancellationTokenSource.CreateLinkedTokenSource(token, signals?.Token ?? CancellationToken.None);
    }

    public bool IsRequested => _any.IsCancellationRequested || _host is ICancelable { IsCanceled: true };

    public CancellationToken Token => _any.Token;

    /// <exception cref="OperationCanceledException">It was.</exception>
    public void ThrowIfRequested()
    {
        _user.ThrowIfCancellationRequested();
        if (IsRequested)
        {
            throw new OperationCanceledException(
                _any.IsCancellationRequested
                    ? "Training was stopped by a signal to the process."
                    : "Training was cancelled by the MLContext.");
        }
    }

    /// <summary>What a run throws that was cancelled here or in another of its processes.</summary>
    public OperationCanceledException Reason()
    {
        try
        {
            ThrowIfRequested();
            return new OperationCanceledException("Training was cancelled in another of its processes.");
        }
        catch (OperationCanceledException reason)
        {
            return reason;
        }
    }

    /// <summary>Says that nothing can be lost any more: a process that a signal ends may end now.</summary>
    public void Saved() => _signals?.Saved();

    public void Dispose() => _any.Dispose();
}
