using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Images [N, C, H, W] whose channels lie side by side in memory, as [N][H][W][C]: the order that kernels compute in.</summary>
internal static unsafe class ChannelsLast
{
    /// <summary>Whether an image is in this order.</summary>
    public static bool Holds(Tensor x) => x.stride().AsSpan().SequenceEqual(Strides(x.shape));

    /// <summary>The image in this order: itself, or a copy.</summary>
    public static Tensor Of(Tensor x) => Holds(x) ? x : x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>An image in this order, of any content.</summary>
    public static Tensor Empty(params long[] shape) => empty_strided(shape, Strides(shape), ScalarType.Float32, CPU);

    /// <summary>Where the numbers of a tensor begin, for as long as it lives.</summary>
    /// <param name="x">An image in this order, or a contiguous tensor; of at least one number.</param>
    public static float* Data(Tensor x)
    {
        using var first = x.as_strided([1], [1], x.storage_offset()); // TorchSharp gives a pointer to at most 2 GiB
        fixed (byte* data = first.bytes)
        {
            return (float*)data; // libtorch's memory does not move
        }
    }

    private static long[] Strides(long[] shape) => [shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]];
}
