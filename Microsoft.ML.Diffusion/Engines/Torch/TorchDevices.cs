using Microsoft.ML.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Devices and precisions as TorchSharp names them.</summary>
internal static class TorchDevices
{
    extension(ComputeDevice device)
    {
        /// <summary>Where the tensors of networks are.</summary>
        public Device ToTorch() => device.IsProcessor ? CPU : new Device(DeviceType.CUDA, device.Index);
    }

    extension(TrainingPrecision precision)
    {
        /// <summary>The type that a network on <paramref name="device"/> computes in while it is trained.</summary>
        public ScalarType TypeOn(ComputeDevice device) => precision switch
        {
            TrainingPrecision.BFloat16 => ScalarType.BFloat16,
            TrainingPrecision.Automatic when !device.IsProcessor => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
    }
}
