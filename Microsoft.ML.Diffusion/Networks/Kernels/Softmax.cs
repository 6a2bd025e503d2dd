using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>exp(s x_i) / sum of exp(s x_j), over a row.</summary>
internal static unsafe class Softmax
{
    /// <summary>Replaces a row by it.</summary>
    /// <param name="x">The row.</param>
    /// <param name="count">Its numbers.</param>
    /// <param name="length">A multiple of eight that they are filled up to with zeros.</param>
    /// <param name="scale">s, above 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Of(float* x, int count, int length, float scale)
    {
        var (largest, end) = (float.NegativeInfinity, count - (count % Vector256<float>.Count));
        var largests = Vector256.Create(largest);
        for (var i = 0; i < end; i += Vector256<float>.Count)
        {
            largests = Vector256.Max(largests, Vector256.Load(x + i)); // NaN stays
        }

        for (var i = 0; i < Vector256<float>.Count; i++)
        {
            largest = MathF.Max(largest, largests[i]);
        }

        for (var i = end; i < count; i++)
        {
            largest = MathF.Max(largest, x[i]);
        }

        for (var i = count; i < length; i++)
        {
            x[i] = float.NegativeInfinity; // exp gives nothing
        }

        var (sums, shift, factor) = (Vector256<float>.Zero, Vector256.Create(largest), Vector256.Create(scale));
        for (var i = 0; i < length; i += Vector256<float>.Count)
        {
            var exponential = Logistic.Exponential((Vector256.Load(x + i) - shift) * factor);
            exponential.Store(x + i);
            sums += exponential;
        }

        var inverse = Vector256.Create(1 / Vector256.Sum(sums));
        for (var i = 0; i < length; i += Vector256<float>.Count)
        {
            (Vector256.Load(x + i) * inverse).Store(x + i);
        }

        new Span<float>(x + count, length - count).Clear();
    }

    /// <summary>Replaces the gradient of a row's result by that of the row: s p_i (dp_i - sum of p_j dp_j).</summary>
    /// <param name="p">The result.</param>
    /// <param name="dp">Its gradient.</param>
    /// <param name="count">Its numbers.</param>
    /// <param name="length">A multiple of eight that they are filled up to; there the gradient becomes zero.</param>
    /// <param name="scale">s.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradient(float* p, float* dp, int count, int length, float scale)
    {
        new Span<float>(dp + count, length - count).Clear();
        var sums = Vector256<float>.Zero;
        for (var i = 0; i < length; i += Vector256<float>.Count)
        {
            sums = Vector256.MultiplyAddEstimate(Vector256.Load(p + i), Vector256.Load(dp + i), sums);
        }

        var (sum, factor) = (Vector256.Create(Vector256.Sum(sums)), Vector256.Create(scale));
        for (var i = 0; i < length; i += Vector256<float>.Count)
        {
            (Vector256.Load(p + i) * (Vector256.Load(dp + i) - sum) * factor).Store(dp + i);
        }
    }
}
