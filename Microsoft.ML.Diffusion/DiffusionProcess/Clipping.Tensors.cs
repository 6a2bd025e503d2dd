using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <content>The same on tensors, for bounds.</content>
public sealed partial record Clipping
{
    /// <summary>Applies the choice to a predicted x_0, [N, ...].</summary>
    internal Tensor Apply(Tensor x0)
    {
        switch (Kind)
        {
            case ClippingKind.None:
                return x0;
            case ClippingKind.Static:
                return x0.Clamped(-Range, Range);
            default:
                var flat = x0.abs().flatten(1);
                var threshold = flat.quantile(tensor(Ratio, flat.dtype, flat.device), dim: 1)
                    .reshape([-1, .. Enumerable.Repeat(1L, (int)x0.dim() - 1)])
                    .Clamped(1.0, Math.Min(Range, float.MaxValue));
                return minimum(maximum(x0, -threshold), threshold) / threshold;
        }
    }
}
