using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>An operation whose result and gradients the last argument of its call computes, a <see cref="HostCall"/>.</summary>
internal sealed class HostFunction : autograd.SingleTensorFunction<HostFunction>
{
    private const string CallKey = "call";

    /// <inheritdoc/>
    public override string Name => nameof(HostFunction);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (HostCall)vars[^1];
        ctx.save_data(CallKey, call);
        return call.Forward(ctx, vars[..^1]);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (HostCall)ctx.get_data(CallKey);
        var gradients = call.Backward(ctx, grad_output);
        gradients.Add(null!); // of the call itself
        return gradients;
    }
}
