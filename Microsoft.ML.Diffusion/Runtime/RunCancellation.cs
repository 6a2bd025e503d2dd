using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Whether a run was asked to stop: by the user's token, or by ML.NET's own cancelling of everything that a context does.</summary>
internal sealed class RunCancellation(IHost? host, CancellationToken token)
{
    public bool IsRequested => token.IsCancellationRequested || host is ICancelable { IsCanceled: true };

    public CancellationToken Token => token;

    /// <exception cref="OperationCanceledException">It was.</exception>
    public void ThrowIfRequested()
    {
        token.ThrowIfCancellationRequested();
        if (IsRequested)
        {
            throw new OperationCanceledException("Training was cancelled by the MLContext.");
        }
    }
}
