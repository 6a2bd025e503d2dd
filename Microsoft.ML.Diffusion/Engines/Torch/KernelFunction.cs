using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>An operation with a gradient of its own, computed by kernels.</summary>
/// <remarks>
/// libtorch calls back for the gradient. What is thrown there cannot pass through it: it is kept until <see cref="KernelGradients.ThrowIfFailed"/>.
/// Nor can it tell when it has taken the results over: those of the call before are freed at the next one.
/// </remarks>
internal abstract class KernelFunction<TSelf> : autograd.SingleTensorFunction<TSelf>
    where TSelf : KernelFunction<TSelf>, new()
{
    public sealed override string Name => typeof(TSelf).Name;

    /// <inheritdoc/>
    public sealed override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.set_materialize_grads(false);
        var (result, saved) = Compute(vars);
        ctx.save_for_backward(saved);
        Save(ctx, vars);
        return result;
    }

    /// <inheritdoc/>
    public sealed override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        try
        {
            if (grad_output.IsInvalid || KernelGradients.HasFailed)
            {
                return KernelGradients.None(Inputs);
            }

            using var scope = NewDisposeScope();
            var results = Gradients(ctx, ctx.get_saved_variables(), ChannelsLast.Of(grad_output));
            KernelGradients.Keep(results);
            grad_output.Dispose();
            ctx.Dispose(); // what was saved is not needed any more, though the graph still stands: it can be walked once
            return results;
        }
        catch (Exception e)
        {
            KernelGradients.Fail(e);
            return KernelGradients.None(Inputs);
        }
    }

    /// <summary>The number of arguments.</summary>
    protected abstract int Inputs { get; }

    /// <summary>Computes the result, and names what the gradient will need, in the caller's scope.</summary>
    protected abstract (Tensor Result, List<Tensor> Saved) Compute(object[] arguments);

    /// <summary>Keeps what else the gradient will need.</summary>
    protected virtual void Save(autograd.AutogradContext context, object[] arguments)
    {
    }

    /// <summary>Computes the gradient of each argument, null where it has none.</summary>
    /// <param name="context">The call's.</param>
    /// <param name="saved">What <see cref="Compute"/> has named.</param>
    /// <param name="dy">The result's gradient, in channels-last order.</param>
    protected abstract List<Tensor> Gradients(autograd.AutogradContext context, List<Tensor> saved, Tensor dy);
}
