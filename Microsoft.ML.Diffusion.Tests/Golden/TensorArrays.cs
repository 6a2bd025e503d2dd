using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Moves numbers between files and tensors.</summary>
internal static class TensorArrays
{
    public static Tensor ToTensor(
        this double[] values,
        long[] shape,
        ScalarType type) => tensor(values, shape, ScalarType.Float64).to(type);

    public static double[] ToDoubles(this Tensor values)
    {
        using var doubles = values.detach().to(ScalarType.Float64).contiguous();
        return doubles.data<double>().ToArray();
    }
}
