using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>An operation with a gradient of its own, computed by kernels.</summary>
/// <remarks>
/// libtorch calls back for the gradient. What is thrown there cannot pass through it: it is kept until <see cref="KernelGradients.ThrowIfFailed"/>.
/// Nor can it tell when it has taken the results over: those of the call before are freed at the next one. What derives from TorchSharp's own class of such operations
/// is <see cref="HostFunction"/>, in another assembly: ML.NET loads the types of this one, and their bases with them.
/// </remarks>
internal abstract class KernelFunction<TSelf>
    where TSelf : KernelFunction<TSelf>, new()
{
    private static readonly TSelf _self = new();

    /// <summary>The number of arguments.</summary>
    protected abstract int Inputs { get; }

    /// <summary>Computes the result, and its gradient when libtorch asks for it; named as in TorchSharp.</summary>
    public static Tensor apply(params object[] arguments) =>
        HostFunction.apply([.. arguments, new HostCall(_self.Forward, _self.Backward)]);

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

    private Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        context.set_materialize_grads(false);
        var (result, saved) = Compute(arguments);
        context.save_for_backward(saved);
        Save(context, arguments);
        return result;
    }

    private List<Tensor> Backward(autograd.AutogradContext context, Tensor dy)
    {
        try
        {
            if (dy.IsInvalid || KernelGradients.HasFailed)
            {
                return KernelGradients.None(Inputs);
            }

            using var scope = NewDisposeScope();
            var results = Gradients(context, context.get_saved_variables(), ChannelsLast.Of(dy));
            KernelGradients.Keep(results);
            dy.Dispose();
            context.Dispose(); // what was saved is not needed any more, though the graph still stands: it can be walked once
            return results;
        }
        catch (Exception e)
        {
            KernelGradients.Fail(e);
            return KernelGradients.None(Inputs);
        }
    }
}
