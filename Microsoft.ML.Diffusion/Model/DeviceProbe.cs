using Microsoft.ML.Diffusion.Engines.Torch;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>What the machine and the application have for devices other than the processor. Nothing of it is asked before it decides something.</summary>
internal sealed record DeviceProbe
{
    /// <summary>The probe of this machine and application.</summary>
    public static DeviceProbe OfApplication { get; } = new();

    /// <summary>Whether the NVIDIA driver loads; TorchSharp is not loaded for that.</summary>
    public Func<bool> HasDriver { get; init; } = () => CudaFiles.HasDriver;

    /// <summary>Whether libtorch for CUDA is beside the application; TorchSharp is not loaded for that.</summary>
    public Func<bool> HasCudaLibTorch { get; init; } = CudaFiles.HasLibTorch;

    /// <summary>Loads libtorch and counts the cards that it can use.</summary>
    public Func<int> CountCards { get; init; } = () => TorchEngine.DeviceCount;

    /// <summary>Loads libtorch and gives the path of its file.</summary>
    public Func<string> LoadLibTorch { get; init; } = TorchEngine.Load;

    /// <summary>The platform, such as linux-x64.</summary>
    public string Platform { get; init; } = NativeFiles.Platform;
}
