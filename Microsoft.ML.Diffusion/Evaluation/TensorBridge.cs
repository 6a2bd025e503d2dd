using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>From what still computes on tensors to numbers of the host.</summary>
internal static class TensorBridge
{
    /// <summary>Copies a tensor, [N, ...].</summary>
    public static Batch ToBatch(this Tensor tensor)
    {
        using var values = tensor.to(ScalarType.Float64, CPU).contiguous();
        return new Batch(values.data<double>().ToArray(), (int)tensor.shape[0]);
    }

    /// <summary>Applies clipping to a batch.</summary>
    public static Batch Apply(this Clipping clipping, Batch x0)
    {
        using var scope = NewDisposeScope();
        return clipping.Apply(tensor(x0.Values, [x0.Count, x0.Length])).ToBatch();
    }
}
