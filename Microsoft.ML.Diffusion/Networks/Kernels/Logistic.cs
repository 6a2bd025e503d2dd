using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>The logistic function of many numbers at once.</summary>
internal static class Logistic
{
    /// <summary>1 / (1 + exp(-z)), to 2e-7.</summary>
    /// <remarks>exp(t) = 2^n exp(r) with t = n ln 2 + r, and seven terms of the series of exp(r).</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> z)
    {
        const float Rounder = 12582912; // 1.5 2^23: what is added to it is rounded to a whole number, which stands in the last bits
        var t = Vector512.MinNative(Vector512.MaxNative(-z, Vector512.Create(-87f)), Vector512.Create(87f));
        var shifted = Vector512.MultiplyAddEstimate(t, Vector512.Create(1.44269504f), Vector512.Create(Rounder));
        var n = shifted - Vector512.Create(Rounder);
        var r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-0.693359375f), t);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(2.12194440e-4f), r);

        var p = Vector512.MultiplyAddEstimate(r, Vector512.Create(1 / 720f), Vector512.Create(1 / 120f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1 / 24f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1 / 6f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(0.5f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512<float>.One);
        p = Vector512.MultiplyAddEstimate(p, r, Vector512<float>.One);
        var exponential = (p.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
        return Vector512<float>.One / (Vector512<float>.One + exponential);
    }
}
