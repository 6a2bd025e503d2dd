using System.Globalization;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>What computes networks.</summary>
internal enum DeviceKind
{
    /// <summary>The processor, by this library alone.</summary>
    Cpu,

    /// <summary>A graphics card, by libtorch.</summary>
    Cuda,

    /// <summary>The processor, by libtorch: for comparison.</summary>
    Torch,
}

/// <summary>Where networks are computed.</summary>
/// <param name="Kind">By what.</param>
/// <param name="Index">Which card; 0 elsewhere.</param>
internal readonly record struct ComputeDevice(DeviceKind Kind, int Index = 0)
{
    public static ComputeDevice Cpu => new(DeviceKind.Cpu);

    public static ComputeDevice Torch => new(DeviceKind.Torch);

    public static ComputeDevice Cuda(int index) => new(DeviceKind.Cuda, index);

    /// <summary>Whether the processor computes.</summary>
    public bool IsProcessor => Kind != DeviceKind.Cuda;

    /// <summary>As the option Device names it.</summary>
    public override string ToString() => Kind switch
    {
        DeviceKind.Cpu => "cpu",
        DeviceKind.Torch => "torch",
        _ => string.Create(CultureInfo.InvariantCulture, $"cuda:{Index}"),
    };
}
