using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>exp(s x_i) / sum of exp(s x_j), over a row.</summary>
internal static unsafe class Softmax
{
    /// <summary>Numbers that are computed at once.</summary>
    public const int Lanes = 16;

    /// <summary>Replaces a row by it.</summary>
    /// <param name="x">The row.</param>
    /// <param name="count">Its numbers.</param>
    /// <param name="length">A multiple of sixteen that they are filled up to with zeros.</param>
    /// <param name="scale">s, above 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Of(float* x, int count, int length, float scale)
    {
        var (largest, end) = (float.NegativeInfinity, count - (count % Vector512<float>.Count));
        var largests = Vector512.Create(largest);
        for (var i = 0; i < end; i += Vector512<float>.Count)
        {
            largests = Vector512.Max(largests, Vector512.Load(x + i)); // NaN stays
        }

        for (var i = 0; i < Vector512<float>.Count; i++)
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

        var (sums, shift, factor) = (Vector512<float>.Zero, Vector512.Create(largest), Vector512.Create(scale));
        for (var i = 0; i < length; i += Vector512<float>.Count)
        {
            var exponential = Logistic.ExponentialOrNothing((Vector512.Load(x + i) - shift) * factor);
            exponential.Store(x + i);
            sums += exponential;
        }

        var inverse = Vector512.Create(1 / Vector512.Sum(sums));
        for (var i = 0; i < length; i += Vector512<float>.Count)
        {
            (Vector512.Load(x + i) * inverse).Store(x + i);
        }

        new Span<float>(x + count, length - count).Clear();
    }

    /// <summary>Replaces the gradient of a row's result by that of the row: s p_i (dp_i - sum of p_j dp_j).</summary>
    /// <param name="p">The result.</param>
    /// <param name="dp">Its gradient.</param>
    /// <param name="count">Its numbers.</param>
    /// <param name="length">A multiple of sixteen that they are filled up to; there the gradient becomes zero.</param>
    /// <param name="scale">s.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradient(float* p, float* dp, int count, int length, float scale)
    {
        new Span<float>(dp + count, length - count).Clear();
        var sums = Vector512<float>.Zero;
        for (var i = 0; i < length; i += Vector512<float>.Count)
        {
            sums = Vector512.MultiplyAddEstimate(Vector512.Load(p + i), Vector512.Load(dp + i), sums);
        }

        var (sum, factor) = (Vector512.Create(Vector512.Sum(sums)), Vector512.Create(scale));
        for (var i = 0; i < length; i += Vector512<float>.Count)
        {
            (Vector512.Load(p + i) * (Vector512.Load(dp + i) - sum) * factor).Store(dp + i);
        }
    }
}
