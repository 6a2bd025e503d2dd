using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Decides where a model trains and generates.</summary>
internal static class DeviceResolver
{
    private static bool _allowsTensorFloat32;

    /// <summary>The device asked for; else that of the <see cref="MLContext"/>: CUDA where there is one, on the card it names, else the CPU.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The name is not that of a device, or there is no such device.</exception>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded.</exception>
    /// <exception cref="InvalidOperationException">The context asks for a GPU, forbids the CPU, and there is none.</exception>
    public static Device Resolve(IHostEnvironment environment, string? name)
    {
        var libtorch = LibTorch.Load();
        var device = name is null ? Default((IHostEnvironmentInternal)environment) : Parse(name);
        using (var channel = environment.Start("libtorch"))
        {
            channel.Trace(MessageSensitivity.None, $"Device {device}, by {libtorch}.");
        }

        if (device.type == TorchSharp.DeviceType.CUDA && !Interlocked.Exchange(ref _allowsTensorFloat32, true))
        {
            backends.cuda.matmul.allow_tf32 = true; // as libtorch does by itself for convolutions
        }

        return device;
    }

    private static Device Default(IHostEnvironmentInternal context)
    {
        if (cuda.is_available())
        {
            return new Device(TorchSharp.DeviceType.CUDA, context.GpuDeviceId ?? 0);
        }

        return context.GpuDeviceId is null || context.FallbackToCpu
            ? CPU
            : throw new InvalidOperationException(
                $"MLContext.GpuDeviceId is {context.GpuDeviceId} and FallbackToCpu is false, but no CUDA device is available. Reference a CUDA build of libtorch, or set FallbackToCpu to true.");
    }

    private static Device Parse(string name)
    {
        var parts = name.Split(':');
        var index = 0;
        if (parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], out index)) || parts[0] is not ("cpu" or "cuda") || index < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(DiffusionOptions.Device),
                name,
                "Device must be \"cpu\", \"cuda\" or \"cuda:\" and the number of the card; leave it unset for the best there is.");
        }

        if (parts[0] == "cpu")
        {
            return CPU;
        }

        if (!cuda.is_available() || index >= cuda.device_count())
        {
            throw new ArgumentOutOfRangeException(
                nameof(DiffusionOptions.Device),
                name,
                $"Device must be one that is there, but {(cuda.is_available() ? $"{cuda.device_count()} CUDA devices are" : "no CUDA device is")} available. Use \"cpu\", or leave it unset for the best there is.");
        }

        return new Device(TorchSharp.DeviceType.CUDA, index);
    }
}
