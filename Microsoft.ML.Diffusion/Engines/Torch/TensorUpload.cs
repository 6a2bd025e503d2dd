using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>The way of tensors to a device.</summary>
internal static class TensorUpload
{
    /// <summary>Copies a tensor of the CPU to a device. The caller does not wait for a GPU to have it.</summary>
    public static Tensor To(Tensor tensor, Device device) =>
        device.type == DeviceType.CUDA ? tensor.pin_memory().to(device, non_blocking: true) : tensor.to(device);
}
