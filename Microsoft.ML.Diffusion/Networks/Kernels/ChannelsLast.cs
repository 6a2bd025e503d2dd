using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>Images [N, C, H, W] whose channels lie side by side in memory, as [N][H][W][C]: the order that this folder computes in.</summary>
internal static unsafe class ChannelsLast
{
    private const long MaximumNumbers = int.MaxValue / sizeof(float); // what TorchSharp gives a pointer to

    /// <summary>
    /// Whether a network should compute on such images: in float32 on a processor with vectors of 256 bits and fused multiply-add, where the calling thread
    /// computes alone. (Kernels use one thread: a batch is shared out between threads as a whole.)
    /// </summary>
    public static bool Suits(Tensor x) =>
        Vector256.IsHardwareAccelerated && Fma.IsSupported && x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32 && get_num_threads() == 1;

    /// <summary>Whether an image is in this order.</summary>
    public static bool Holds(Tensor x) => x.stride().AsSpan().SequenceEqual(Strides(x.shape));

    /// <summary>Whether kernels can take an image as it is.</summary>
    /// <param name="x">The image.</param>
    /// <param name="growth">How many times as large the result is.</param>
    public static bool Takes(Tensor x, double growth = 1) => Suits(x) && Holds(x) && x.numel() * Math.Max(1, growth) <= MaximumNumbers;

    /// <summary>The image in this order: itself, or a copy.</summary>
    public static Tensor Of(Tensor x) => Holds(x) ? x : x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>An image in this order, of any content.</summary>
    public static Tensor Empty(params long[] shape) => empty_strided(shape, Strides(shape), ScalarType.Float32, CPU);

    /// <summary>Where the numbers of an image in this order are, for as long as it lives.</summary>
    public static float* Data(Tensor x)
    {
        using var pixels = x.permute(0, 2, 3, 1);
        return Pointer(pixels);
    }

    /// <summary>Where the numbers of a contiguous tensor are, for as long as it lives.</summary>
    public static float* Pointer(Tensor x)
    {
        fixed (byte* data = x.bytes)
        {
            return (float*)data; // libtorch's memory does not move
        }
    }

    private static long[] Strides(long[] shape) => [shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]];
}
