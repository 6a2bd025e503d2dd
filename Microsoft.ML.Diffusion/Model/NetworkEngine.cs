using System.Runtime.CompilerServices;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>The one place that decides what computes a network.</summary>
internal static class NetworkEngine
{
    /// <summary>Makes a network.</summary>
    /// <param name="plan">What is computed.</param>
    /// <param name="weights">Its weights, which belong to the network from now on: the caller neither reads nor changes them.</param>
    /// <param name="device">By what, and where.</param>
    public static Network Create(UNetPlan plan, NetworkWeights weights, ComputeDevice device) =>
        device.Kind == DeviceKind.Cpu ? new CpuNetwork(weights) : ByTorch(plan, weights, device);

    /// <summary>The library that computes on a device, with its version; null for this one.</summary>
    public static string? Library(ComputeDevice device) => device.Kind == DeviceKind.Cpu ? null : TorchLibrary();

    // Not inlined: what is compiled together loads its assemblies together, and TorchSharp's only where it computes.
#pragma warning disable CA1859 // the rule is right for speed: here its type would be loaded by whoever calls this
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Network ByTorch(UNetPlan plan, NetworkWeights weights, ComputeDevice device) => new TorchNetwork(plan, weights, device);
#pragma warning restore CA1859

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string TorchLibrary() => TorchEngine.Library;
}
