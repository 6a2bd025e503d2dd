using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Precisions as types of tensors.</summary>
internal static class TrainingPrecisionTypes
{
    extension(TrainingPrecision precision)
    {
        /// <summary>The type that a network on <paramref name="device"/> computes in.</summary>
        public ScalarType TypeOn(Device device) => precision switch
        {
            TrainingPrecision.BFloat16 => ScalarType.BFloat16,
            TrainingPrecision.Automatic when device.type == DeviceType.CUDA => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
    }
}
