using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>The logistic function, and what is made of it, of many numbers at once.</summary>
internal static unsafe class Logistic
{
    /// <summary>1 / (1 + exp(-z)), to 2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> z) =>
        Vector512<float>.One
        / (Vector512<float>.One + Exponential(Vector512.MinNative(Vector512.MaxNative(-z, Vector512.Create(-87f)), Vector512.Create(87f))));

    /// <summary>exp(x) for x from -infinity to 87, to 2e-7; nothing below -87, and NaN stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ExponentialOrNothing(Vector512<float> x)
    {
        var lowest = Vector512.Create(-87f);
        var exponential = Exponential(Vector512.MaxNative(x, lowest)) + (x - x);
        return Vector512.ConditionalSelect(Vector512.LessThan(x, lowest), Vector512<float>.Zero, exponential);
    }

    /// <summary>y = x sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Silu(float* x, float* y, int count)
    {
        var i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var z = Vector512.Load(x + i);
            (z * Sigmoid(z)).Store(y + i);
        }

        // The last ones alike, whatever their place: elsewhere the same number would be rounded otherwise.
        var rest = stackalloc float[Vector512<float>.Count];
        new Span<float>(x + i, count - i).CopyTo(new Span<float>(rest, Vector512<float>.Count));
        var last = Vector512.Load(rest);
        (last * Sigmoid(last)).Store(rest);
        new Span<float>(rest, count - i).CopyTo(new Span<float>(y + i, count - i));
    }

    /// <summary>dx = dy silu'(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SiluGradient(float* x, float* dy, float* dx, int count)
    {
        var i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var z = Vector512.Load(x + i);
            var sigmoid = Sigmoid(z);
            (Vector512.Load(dy + i) * Vector512.MultiplyAddEstimate(z * sigmoid, Vector512<float>.One - sigmoid, sigmoid)).Store(dx + i);
        }

        for (; i < count; i++)
        {
            var sigmoid = 1 / (1 + MathF.Exp(-x[i]));
            dx[i] = dy[i] * sigmoid * (1 + (x[i] * (1 - sigmoid)));
        }
    }

    // exp(x) = 2^n exp(r) with x = n ln 2 + r, and seven terms of the series of exp(r).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Exponential(Vector512<float> x)
    {
        const float Rounder = 12582912; // 1.5 2^23: what is added to it is rounded to a whole number, which stands in the last bits
        var shifted = Vector512.MultiplyAddEstimate(x, Vector512.Create(1.44269504f), Vector512.Create(Rounder));
        var n = shifted - Vector512.Create(Rounder);
        var r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(2.12194440e-4f), r);

        var p = Vector512.MultiplyAddEstimate(r, Vector512.Create(1 / 720f), Vector512.Create(1 / 120f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1 / 24f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1 / 6f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(0.5f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512<float>.One);
        p = Vector512.MultiplyAddEstimate(p, r, Vector512<float>.One);
        return (p.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
    }
}
