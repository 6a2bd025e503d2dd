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
        device.Kind == DeviceKind.Cpu ? new CpuNetwork(weights) : TorchEngine.CreateNetwork(plan, weights, device);

    /// <summary>The library that computes on a device, with its version; null for this one.</summary>
    public static string? Library(ComputeDevice device) => device.Kind == DeviceKind.Cpu ? null : TorchEngine.Library;
}
