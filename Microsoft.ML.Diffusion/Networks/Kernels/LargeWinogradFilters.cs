using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>What <see cref="LargeWinograd"/> does to the filters, eight at a time.</summary>
internal static unsafe class LargeWinogradFilters
{
    /// <summary>Filters that are transformed at once.</summary>
    public const int Lanes = WinogradFilters.Lanes;

    private const int Side = LargeWinograd.Side;
    private const float Third = -2 / 3f; // of the points +-sqrt(1/2): one by the product of the distances to the others
    private const float Sixth = 1 / 6f; // of the points +-sqrt(2)

    /// <summary>U = G g G^T for eight filters; parameters as for <see cref="WinogradFilters.Transform"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(float* g, int distance, bool mirrored, float* u, int stride)
    {
        var rows = stackalloc Vector256<float>[3 * Side];
        var (first, step) = mirrored ? (8, -1) : (0, 1);
        for (var j = 0; j < 3; j++)
        {
            var top = g + first + (j * step);
            Expand(
                WinogradFilters.Gather(top, distance),
                WinogradFilters.Gather(top + (3 * step), distance),
                WinogradFilters.Gather(top + (6 * step), distance),
                (float*)(rows + j),
                3 * Lanes);
        }

        for (var i = 0; i < Side; i++)
        {
            Expand(rows[3 * i], rows[(3 * i) + 1], rows[(3 * i) + 2], u + (Side * i * stride), stride);
        }
    }

    /// <summary>Adds G^T dU G to dg for eight filters; parameters as for <see cref="WinogradFilters.TransformBack"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TransformBack(float* du, int stride, float* dg, int distance)
    {
        var rows = stackalloc Vector256<float>[3 * Side];
        for (var j = 0; j < Side; j++)
        {
            Contract(du + (j * stride), Side * stride, out rows[j], out rows[Side + j], out rows[(2 * Side) + j]);
        }

        for (var i = 0; i < 3; i++)
        {
            Contract((float*)(rows + (Side * i)), Lanes, out var g0, out var g1, out var g2);
            for (var lane = 0; lane < Lanes; lane++)
            {
                var filter = dg + (lane * distance) + (3 * i);
                filter[0] += g0[lane];
                filter[1] += g1[lane];
                filter[2] += g2[lane];
            }
        }
    }

    // G of three numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Expand(Vector256<float> g0, Vector256<float> g1, Vector256<float> g2, float* u, int stride)
    {
        var even = ((g2 * 0.5f) + g0) * Third;
        var odd = g1 * (Third * LargeWinograd.Small);
        var even2 = ((g2 * 2) + g0) * Sixth;
        var odd2 = g1 * (Sixth * LargeWinograd.Large);
        g0.Store(u);
        (even + odd).Store(u + stride);
        (even - odd).Store(u + (2 * stride));
        (even2 + odd2).Store(u + (3 * stride));
        (even2 - odd2).Store(u + (4 * stride));
        g2.Store(u + (5 * stride));
    }

    // G^T of six numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Contract(float* u, int stride, out Vector256<float> g0, out Vector256<float> g1, out Vector256<float> g2)
    {
        Vector256<float> u1 = Vector256.Load(u + stride), u2 = Vector256.Load(u + (2 * stride));
        Vector256<float> u3 = Vector256.Load(u + (3 * stride)), u4 = Vector256.Load(u + (4 * stride));
        Vector256<float> sum = (u1 + u2) * Third, sum2 = (u3 + u4) * Sixth;
        g0 = Vector256.Load(u) + sum + sum2;
        g1 = ((u1 - u2) * (Third * LargeWinograd.Small)) + ((u3 - u4) * (Sixth * LargeWinograd.Large));
        g2 = (sum * 0.5f) + (sum2 * 2) + Vector256.Load(u + (5 * stride));
    }
}
