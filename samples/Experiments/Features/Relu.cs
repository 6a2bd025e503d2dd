using System.Numerics.Tensors;

namespace Experiments.Features;

/// <summary>max(0, x), in place.</summary>
internal static class Relu
{
    public static void Forward(Span<float> x) => TensorPrimitives.Max(x, 0, x);

    public static void Backward(ReadOnlySpan<float> y, Span<float> gradient)
    {
        for (var i = 0; i < y.Length; i++)
        {
            gradient[i] = y[i] > 0 ? gradient[i] : 0;
        }
    }
}
