using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Tensors of random numbers, which the host draws for every device.</summary>
internal static class RandomTensors
{
    /// <summary>Standard normal noise of a batch, of one draw; parameters as for the other overload.</summary>
    public static Tensor Normals(
        RandomNumbers numbers,
        IReadOnlyList<long> samples,
        long draw,
        long[] shape,
        ScalarType type,
        Device device) =>
        Normals(numbers, samples, _ => draw, shape, type, device);

    /// <summary>Standard normal noise of a batch.</summary>
    /// <param name="numbers">Where it is drawn from.</param>
    /// <param name="samples">The sample of each row.</param>
    /// <param name="drawOf">The draw of the row of a place.</param>
    /// <param name="shape">[N, ...]; the elements of a sample are numbered in the order of its tensor.</param>
    /// <param name="type">Of the result. All types get the float32 numbers, rounded or widened.</param>
    /// <param name="device">The device of the result.</param>
    public static Tensor Normals(
        RandomNumbers numbers,
        IReadOnlyList<long> samples,
        Func<int, long> drawOf,
        long[] shape,
        ScalarType type,
        Device device)
    {
        using var scope = NewDisposeScope();
        var noise = empty(shape, ScalarType.Float32);
        for (var i = 0; i < samples.Count; i++)
        {
            using var sample = noise[i];
            numbers.Normals(samples[i], drawOf(i), Numbers(sample));
        }

        return TensorUpload.To(noise, device).to(type).MoveToOuterDisposeScope();
    }

    /// <summary>The numbers of a contiguous float32 tensor of the CPU, for as long as it lives.</summary>
    public static Span<float> Numbers(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
