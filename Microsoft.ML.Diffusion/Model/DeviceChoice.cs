using System.Globalization;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>Decides where a model trains and generates.</summary>
internal static class DeviceChoice
{
    private const string Alternatives = "Use \"cpu\", or leave Device unset for the best there is.";

    /// <summary>The device asked for; else CUDA where driver and libtorch for it are there, on the card that the <see cref="MLContext"/> names; else the CPU.</summary>
    /// <remarks>On the way to the CPU nothing of libtorch or TorchSharp is loaded.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The name is not that of a device, or there is no such device.</exception>
    /// <exception cref="DllNotFoundException">libtorch is needed and cannot be loaded.</exception>
    /// <exception cref="InvalidOperationException">The context asks for a GPU, forbids the CPU, and there is none.</exception>
    public static ComputeDevice Resolve(IHostEnvironment environment, string? name) =>
        Resolve(environment, name, DeviceProbe.OfApplication);

    /// <summary>As <see cref="Resolve(IHostEnvironment, string?)"/>, for what a probe tells.</summary>
    public static ComputeDevice Resolve(IHostEnvironment environment, string? name, DeviceProbe probe)
    {
        var device = name is null ? Default((IHostEnvironmentInternal)environment, probe) : Parse(name, probe);
        var libtorch = device.Kind == DeviceKind.Cpu ? "" : $", by {probe.LoadLibTorch()}";
        using var channel = environment.Start("device");
        channel.Trace(MessageSensitivity.None, $"Device {device}{libtorch}.");
        return device;
    }

    private static ComputeDevice Default(IHostEnvironmentInternal context, DeviceProbe probe)
    {
        var card = context.GpuDeviceId ?? 0;
        var lack = Lack(card, probe);
        return lack is null
            ? ComputeDevice.Cuda(card)
            : context.GpuDeviceId is null || context.FallbackToCpu
                ? ComputeDevice.Cpu
                : throw new InvalidOperationException(
                    $"MLContext.GpuDeviceId is {card} and FallbackToCpu is false, but {lack} Or set FallbackToCpu to true.");
    }

    private static ComputeDevice Parse(string name, DeviceProbe probe)
    {
        if (name is "cpu" or "torch")
        {
            return name == "cpu" ? ComputeDevice.Cpu : ComputeDevice.Torch;
        }

        var (kind, number) = name.Split(':', 2) is [var first, var second] ? (first, second) : (name, "0");
        if (kind != "cuda" || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var card))
        {
            throw new ArgumentOutOfRangeException(
                nameof(DiffusionOptions.Device),
                name,
                "Device must be \"cpu\", \"cuda\", \"cuda:\" and the number of the card, or \"torch\" (libtorch on the processor, to compare with); leave it unset for the best there is.");
        }

        return Lack(card, probe) is { } lack
            ? throw new ArgumentOutOfRangeException(
                nameof(DiffusionOptions.Device),
                name,
                $"Device must be one that is there, but {lack} {Alternatives}")
            : ComputeDevice.Cuda(card);
    }

    // What is missing for CUDA, and what to do; null if nothing is.
    private static string? Lack(int card, DeviceProbe probe)
    {
        if (LibTorchAdvice.CudaPackage(probe.Platform, CudaFiles.TorchSharpVersion) is not { } package)
        {
            return $"there is no CUDA for {probe.Platform}.";
        }

        if (!probe.HasDriver())
        {
            return $"the NVIDIA driver's {CudaFiles.DriverName} does not load. Install the driver.";
        }

        if (!probe.HasCudaLibTorch())
        {
            return $"the application has no libtorch for CUDA. Add it to the application's project, in place of libtorch-cpu: {package}.";
        }

        var cards = probe.CountCards();
        return card < cards
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"libtorch can use {cards} CUDA devices, of which the first has the number 0.");
    }
}
