using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>What the gradients of one thread's kernels leave behind between two calls.</summary>
internal static class KernelGradients
{
    [ThreadStatic]
    private static List<Tensor>? _kept;

    [ThreadStatic]
    private static ExceptionDispatchInfo? _error;

    /// <summary>Whether a gradient could not be computed since the last <see cref="ThrowIfFailed"/>.</summary>
    public static bool HasFailed => _error is not null;

    /// <summary>No gradient for any of the arguments.</summary>
    public static List<Tensor> None(int count) => [.. Enumerable.Repeat<Tensor>(null!, count)];

    /// <summary>Keeps gradients until the next are kept, since their reader does not tell when it has them.</summary>
    public static void Keep(List<Tensor> results)
    {
        _kept?.ForEach(tensor => tensor?.Dispose());
        results.ForEach(tensor => tensor?.DetachFromDisposeScope());
        _kept = results;
    }

    /// <summary>Remembers why a gradient could not be computed.</summary>
    public static void Fail(Exception error) => _error ??= ExceptionDispatchInfo.Capture(error);

    /// <summary>Ends a backward pass on this thread: frees what was kept.</summary>
    /// <exception cref="Exception">What kept a kernel from computing its gradient.</exception>
    public static void ThrowIfFailed()
    {
        var error = _error;
        Forget();
        error?.Throw();
    }

    /// <summary>Frees what a pass has left that did not come to its end.</summary>
    public static void Forget()
    {
        _kept?.ForEach(tensor => tensor?.Dispose());
        (_kept, _error) = (null, null);
    }
}
