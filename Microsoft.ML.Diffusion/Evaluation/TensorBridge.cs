using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Clipping of batches, while it computes on tensors.</summary>
internal static class TensorBridge
{
    /// <summary>Applies clipping to a predicted x_0.</summary>
    public static Batch Apply(this Clipping clipping, Batch x0)
    {
        using var scope = NewDisposeScope();
        return new Batch(clipping.Apply(tensor(x0.Values, [x0.Count, x0.Length])).data<double>().ToArray(), x0.Count);
    }
}
