using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Runtime;

/// <content>Where tensors outside of engines are.</content>
internal readonly partial record struct ComputeDevice
{
    /// <summary>The device of tensors.</summary>
    public static implicit operator Device(ComputeDevice device) =>
        device.IsProcessor ? CPU : new Device(DeviceType.CUDA, device.Index);

    /// <summary>The device whose tensors are there.</summary>
    public static ComputeDevice Of(Device device) => device.type == DeviceType.CUDA ? Cuda(Math.Max(0, device.index)) : Cpu;
}
