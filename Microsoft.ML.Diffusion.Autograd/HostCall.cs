using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>What an operation computes.</summary>
/// <param name="forward">The result, of a context and the arguments.</param>
/// <param name="backward">The gradient of each argument, null where it has none, of the context and the result's gradient.</param>
internal sealed class HostCall(
    Func<autograd.AutogradContext, object[], Tensor> forward,
    Func<autograd.AutogradContext, Tensor, List<Tensor>> backward)
{
    public Func<autograd.AutogradContext, object[], Tensor> Forward { get; } = forward;

    public Func<autograd.AutogradContext, Tensor, List<Tensor>> Backward { get; } = backward;
}
