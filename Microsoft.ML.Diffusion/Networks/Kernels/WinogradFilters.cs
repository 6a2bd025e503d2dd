using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>What <see cref="Winograd"/> does to the filters, eight at a time.</summary>
internal static unsafe class WinogradFilters
{
    /// <summary>Filters that are transformed at once.</summary>
    public const int Lanes = 8;

    /// <summary>U = G g G^T for eight filters.</summary>
    /// <param name="g">The first filter, [3][3].</param>
    /// <param name="distance">Floats between two filters.</param>
    /// <param name="mirrored">Whether the filters are read from behind, as the gradient of the input needs them.</param>
    /// <param name="u">U, eight numbers of each point.</param>
    /// <param name="stride">Floats between two points of U.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(float* g, int distance, bool mirrored, float* u, int stride)
    {
        var (first, step) = mirrored ? (8, -1) : (0, 1);
        var (r0, r1, r2, r3) = Column(g, distance, first, 3 * step);
        var (s0, s1, s2, s3) = Column(g, distance, first + step, 3 * step);
        var (t0, t1, t2, t3) = Column(g, distance, first + (2 * step), 3 * step);
        Rows(r0, s0, t0, u, stride);
        Rows(r1, s1, t1, u + (4 * stride), stride);
        Rows(r2, s2, t2, u + (8 * stride), stride);
        Rows(r3, s3, t3, u + (12 * stride), stride);

        static (Vector256<float>, Vector256<float>, Vector256<float>, Vector256<float>) Column(
            float* g,
            int distance,
            int first,
            int step) =>
            Expand(Gather(g + first, distance), Gather(g + first + step, distance), Gather(g + first + (2 * step), distance));

        static void Rows(Vector256<float> g0, Vector256<float> g1, Vector256<float> g2, float* u, int stride)
        {
            var (u0, u1, u2, u3) = Expand(g0, g1, g2);
            u0.Store(u);
            u1.Store(u + stride);
            u2.Store(u + (2 * stride));
            u3.Store(u + (3 * stride));
        }

        static (Vector256<float>, Vector256<float>, Vector256<float>, Vector256<float>) Expand(
            Vector256<float> g0,
            Vector256<float> g1,
            Vector256<float> g2)
        {
            var ends = (g0 + g2) * 0.5f;
            var middle = g1 * 0.5f;
            return (g0, ends + middle, ends - middle, g2);
        }
    }

    /// <summary>Adds G^T dU G to dg for eight filters.</summary>
    /// <param name="du">dU, eight numbers of each point.</param>
    /// <param name="stride">Floats between two points of dU.</param>
    /// <param name="dg">The first filter's gradient, [3][3].</param>
    /// <param name="distance">Floats between two filters.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TransformBack(float* du, int stride, float* dg, int distance)
    {
        var (r0, r1, r2) = Column(du, stride);
        var (s0, s1, s2) = Column(du + stride, stride);
        var (t0, t1, t2) = Column(du + (2 * stride), stride);
        var (u0, u1, u2) = Column(du + (3 * stride), stride);
        Row(r0, s0, t0, u0, dg, distance);
        Row(r1, s1, t1, u1, dg + 3, distance);
        Row(r2, s2, t2, u2, dg + 6, distance);

        static (Vector256<float>, Vector256<float>, Vector256<float>) Column(float* du, int stride) =>
            Contract(
                Vector256.Load(du),
                Vector256.Load(du + (4 * stride)),
                Vector256.Load(du + (8 * stride)),
                Vector256.Load(du + (12 * stride)));

        static void Row(Vector256<float> u0, Vector256<float> u1, Vector256<float> u2, Vector256<float> u3, float* dg, int distance)
        {
            var (g0, g1, g2) = Contract(u0, u1, u2, u3);
            for (var lane = 0; lane < Lanes; lane++)
            {
                var filter = dg + (lane * distance);
                filter[0] += g0[lane];
                filter[1] += g1[lane];
                filter[2] += g2[lane];
            }
        }

        static (Vector256<float>, Vector256<float>, Vector256<float>) Contract(
            Vector256<float> u0,
            Vector256<float> u1,
            Vector256<float> u2,
            Vector256<float> u3)
        {
            var sum = (u1 + u2) * 0.5f;
            return (u0 + sum, (u1 - u2) * 0.5f, sum + u3);
        }
    }

    /// <summary>A number of each of eight filters.</summary>
    public static Vector256<float> Gather(float* p, int distance) =>
        Vector256.Create(
            p[0],
            p[distance],
            p[2 * distance],
            p[3 * distance],
            p[4 * distance],
            p[5 * distance],
            p[6 * distance],
            p[7 * distance]);
}
