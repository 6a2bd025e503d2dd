using Microsoft.ML.Diffusion.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>What a network is called with, as tensors, in the caller's dispose scope.</summary>
/// <param name="Images">[N, C, H, W].</param>
/// <param name="Timesteps">[N], or [1] if all are at the same.</param>
/// <param name="Labels">int64 [N], -1 for none; null for none of any.</param>
/// <param name="Augmentation">[N, K]; null where nothing was done to any image.</param>
internal sealed record NetworkTensors(Tensor Images, Tensor Timesteps, Tensor? Labels, Tensor? Augmentation)
{
    /// <summary>The tensors of a batch.</summary>
    /// <param name="input">The batch.</param>
    /// <param name="plan">The network's.</param>
    /// <param name="device">Where the tensors are to be.</param>
    public static NetworkTensors Of(NetworkInput input, UNetPlan plan, Device device)
    {
        var shape = plan.Nodes.OfType<ImagesNode>().Single().Shape;
        return new(
            HostNumbers.Upload(input.Images.Span, shape.Of(input.Count), device),
            HostNumbers.Upload(input.Timesteps.Span, [input.Timesteps.Length], device),
            input.Labels.IsEmpty ? null : Classes(input.Labels.Span, device),
            input.Augmentation.IsEmpty
                ? null
                : HostNumbers.Upload(input.Augmentation.Span, [input.Count, input.Augmentation.Length / input.Count], device));
    }

    private static Tensor Classes(ReadOnlySpan<int> labels, Device device)
    {
        var classes = new long[labels.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            classes[i] = labels[i];
        }

        return tensor(classes, device: device);
    }
}
