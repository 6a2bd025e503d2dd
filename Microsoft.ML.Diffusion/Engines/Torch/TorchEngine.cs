using System.Runtime.CompilerServices;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>
/// The door to libtorch. Its members are not inlined, so that TorchSharp's assembly, which they alone name, is loaded when one of them is called and not when
/// a method that might call it is compiled.
/// </summary>
internal static class TorchEngine
{
    private static bool _allowsTensorFloat32;

    /// <summary>Gets whether CUDA works: libtorch has it, and there is a card that it can use.</summary>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded; the message says what is missing.</exception>
    public static bool IsCudaAvailable => DeviceCount > 0;

    /// <summary>Gets the number of cards; 0 where CUDA does not work.</summary>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded; the message says what is missing.</exception>
    public static int DeviceCount
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        get
        {
            Load();
            if (!cuda.is_available())
            {
                return 0;
            }

            if (!Interlocked.Exchange(ref _allowsTensorFloat32, true))
            {
                backends.cuda.matmul.allow_tf32 = true; // as libtorch does by itself for convolutions
            }

            return cuda.device_count();
        }
    }

    /// <summary>Loads libtorch.</summary>
    /// <returns>The path of its file, or only the name where TorchSharp finds it.</returns>
    /// <exception cref="DllNotFoundException">It cannot be loaded; the message says what is missing.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static string Load() => LibTorch.Load();

    /// <summary>Makes a network; its weights are copied.</summary>
#pragma warning disable CA1859 // the rule is right for speed: here its type would be loaded by whoever calls this
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Network CreateNetwork(UNetPlan plan, NetworkWeights weights, ComputeDevice device) =>
        new TorchNetwork(plan, weights, device);
#pragma warning restore CA1859

    /// <summary>TorchSharp, with its version.</summary>
    public static string Library
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        get => AssemblyVersion.Of(typeof(TorchSharp.torch));
    }
}
