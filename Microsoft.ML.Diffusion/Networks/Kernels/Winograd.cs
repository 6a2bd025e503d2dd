using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>
/// The transforms of F(2x2, 3x3) (Winograd 1980; Lavin and Gray 2016, section 4.1): Y = A^T [(G g G^T) * (B^T d B)] A, which computes 2x2 outputs of a 3x3
/// convolution from 16 multiplications where the definition takes 36.
/// </summary>
/// <remarks>Each takes and gives eight channels at a time. A transformed tile is 16 vectors, at distances of <c>stride</c> floats.</remarks>
internal static unsafe class Winograd
{
    /// <summary>Numbers of a transformed tile.</summary>
    public const int Points = 16;

    private const int Lanes = 8;

    /// <summary>The points of a transformed tile that are not always zero.</summary>
    public static int[] PointsOfTile { get; } = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// <summary>Those of them that are not always zero for a tile of repeated pixels.</summary>
    public static int[] PointsOfRepeated { get; } = [0, 1, 3, 4, 5, 7, 12, 13, 15];

    /// <summary>V = B^T d B for a 4x4 tile of the input.</summary>
    /// <param name="pixels">Where the 16 pixels begin, row by row.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="v">V, [16][channels].</param>
    /// <param name="stride">Floats between two points of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** pixels, int channels, float* v, int stride)
    {
        float* d00 = pixels[0], d01 = pixels[1], d02 = pixels[2], d03 = pixels[3];
        float* d10 = pixels[4], d11 = pixels[5], d12 = pixels[6], d13 = pixels[7];
        float* d20 = pixels[8], d21 = pixels[9], d22 = pixels[10], d23 = pixels[11];
        float* d30 = pixels[12], d31 = pixels[13], d32 = pixels[14], d33 = pixels[15];
        for (var c = 0; c < channels; c += Lanes)
        {
            Rows(
                Load(d00, c) - Load(d20, c),
                Load(d01, c) - Load(d21, c),
                Load(d02, c) - Load(d22, c),
                Load(d03, c) - Load(d23, c),
                v + c,
                stride);
            Rows(
                Load(d10, c) + Load(d20, c),
                Load(d11, c) + Load(d21, c),
                Load(d12, c) + Load(d22, c),
                Load(d13, c) + Load(d23, c),
                v + c + (4 * stride),
                stride);
            Rows(
                Load(d20, c) - Load(d10, c),
                Load(d21, c) - Load(d11, c),
                Load(d22, c) - Load(d12, c),
                Load(d23, c) - Load(d13, c),
                v + c + (8 * stride),
                stride);
            Rows(
                Load(d10, c) - Load(d30, c),
                Load(d11, c) - Load(d31, c),
                Load(d12, c) - Load(d32, c),
                Load(d13, c) - Load(d33, c),
                v + c + (12 * stride),
                stride);
        }

        static void Rows(Vector256<float> t0, Vector256<float> t1, Vector256<float> t2, Vector256<float> t3, float* v, int stride)
        {
            (t0 - t2).Store(v);
            (t1 + t2).Store(v + stride);
            (t2 - t1).Store(v + (2 * stride));
            (t1 - t3).Store(v + (3 * stride));
        }
    }

    /// <summary>
    /// V = B^T d B for a 4x4 tile of an image whose pixels are repeated to twice its sides: rows and columns a, b, b, c, so that one row and one
    /// column of V are zero.
    /// </summary>
    /// <param name="pixels">Where the 3x3 pixels that the tile repeats begin, row by row.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="v">V, [16][channels], of which <see cref="PointsOfRepeated"/> are written.</param>
    /// <param name="stride">Floats between two points of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RepeatedInput(float** pixels, int channels, float* v, int stride)
    {
        float* a0 = pixels[0],
            a1 = pixels[1],
            a2 = pixels[2],
            b0 = pixels[3],
            b1 = pixels[4],
            b2 = pixels[5],
            c0 = pixels[6],
            c1 = pixels[7],
            c2 = pixels[8];
        for (var c = 0; c < channels; c += Lanes)
        {
            Vector256<float> left = Load(b0, c), middle = Load(b1, c), right = Load(b2, c);
            Rows(Load(a0, c) - left, Load(a1, c) - middle, Load(a2, c) - right, v + c, stride);
            Rows(left + left, middle + middle, right + right, v + c + (4 * stride), stride);
            Rows(left - Load(c0, c), middle - Load(c1, c), right - Load(c2, c), v + c + (12 * stride), stride);
        }

        static void Rows(Vector256<float> a, Vector256<float> b, Vector256<float> c, float* v, int stride)
        {
            (a - b).Store(v);
            (b + b).Store(v + stride);
            (b - c).Store(v + (3 * stride));
        }
    }

    /// <summary>Adds to nine pixels what <see cref="RepeatedInput"/> does to gradients on their way back.</summary>
    /// <param name="dv">dV, [16][channels].</param>
    /// <param name="stride">Floats between two points of dV.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="pixels">Where the gradients of the 3x3 pixels begin, row by row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddRepeatedInputGradient(float* dv, int stride, int channels, float** pixels)
    {
        for (var c = 0; c < channels; c += Lanes)
        {
            var (u0, u1, u2) =
                Spread(Vector256.Load(dv + c), Vector256.Load(dv + c + (4 * stride)), Vector256.Load(dv + c + (12 * stride)));
            var (v0, v1, v2) =
                Spread(Vector256.Load(dv + c + stride), Vector256.Load(dv + c + (5 * stride)), Vector256.Load(dv + c + (13 * stride)));
            var (w0, w1, w2) =
                Spread(
                    Vector256.Load(dv + c + (3 * stride)),
                    Vector256.Load(dv + c + (7 * stride)),
                    Vector256.Load(dv + c + (15 * stride)));
            Row(u0, v0, w0, pixels, c);
            Row(u1, v1, w1, pixels + 3, c);
            Row(u2, v2, w2, pixels + 6, c);
        }

        static (Vector256<float>, Vector256<float>, Vector256<float>) Spread(
            Vector256<float> v0,
            Vector256<float> v1,
            Vector256<float> v3) => (v0, v1 + v1 + v3 - v0, -v3);

        static void Row(Vector256<float> v0, Vector256<float> v1, Vector256<float> v3, float** pixels, int channel)
        {
            var (a, b, c) = Spread(v0, v1, v3);
            (Load(pixels[0], channel) + a).Store(pixels[0] + channel);
            (Load(pixels[1], channel) + b).Store(pixels[1] + channel);
            (Load(pixels[2], channel) + c).Store(pixels[2] + channel);
        }
    }

    /// <summary>Y = A^T M A + bias: 2x2 outputs from a transformed tile.</summary>
    /// <param name="m">M, [16][channels].</param>
    /// <param name="stride">Floats between two points of M.</param>
    /// <param name="bias">[channels].</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="pixels">Where the four pixels begin, row by row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* m, int stride, float* bias, int channels, float** pixels)
    {
        float* y00 = pixels[0], y01 = pixels[1], y10 = pixels[2], y11 = pixels[3];
        for (var c = 0; c < channels; c += Lanes)
        {
            var (s00, s10) = Column(m + c, stride);
            var (s01, s11) = Column(m + c + stride, stride);
            var (s02, s12) = Column(m + c + (2 * stride), stride);
            var (s03, s13) = Column(m + c + (3 * stride), stride);
            var b = Vector256.Load(bias + c);
            (b + s00 + s01 + s02).Store(y00 + c);
            (b + s01 - s02 - s03).Store(y01 + c);
            (b + s10 + s11 + s12).Store(y10 + c);
            (b + s11 - s12 - s13).Store(y11 + c);
        }

        static (Vector256<float> Upper, Vector256<float> Lower) Column(float* m, int stride)
        {
            var (m1, m2) = (Vector256.Load(m + (4 * stride)), Vector256.Load(m + (8 * stride)));
            return (Vector256.Load(m) + m1 + m2, m1 - m2 - Vector256.Load(m + (12 * stride)));
        }
    }

    /// <summary>dM = A dY A^T: what <see cref="Output"/> does to gradients on their way back.</summary>
    /// <param name="pixels">Where the four pixels of dY begin, row by row.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="dm">dM, [16][channels].</param>
    /// <param name="stride">Floats between two points of dM.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputGradient(float** pixels, int channels, float* dm, int stride)
    {
        float* p00 = pixels[0], p01 = pixels[1], p10 = pixels[2], p11 = pixels[3];
        for (var c = 0; c < channels; c += Lanes)
        {
            Vector256<float> d00 = Load(p00, c), d01 = Load(p01, c), d10 = Load(p10, c), d11 = Load(p11, c);
            Rows(d00, d01, dm + c, stride);
            Rows(d00 + d10, d01 + d11, dm + c + (4 * stride), stride);
            Rows(d00 - d10, d01 - d11, dm + c + (8 * stride), stride);
            Rows(-d10, -d11, dm + c + (12 * stride), stride);
        }

        static void Rows(Vector256<float> t0, Vector256<float> t1, float* dm, int stride)
        {
            t0.Store(dm);
            (t0 + t1).Store(dm + stride);
            (t0 - t1).Store(dm + (2 * stride));
            (-t1).Store(dm + (3 * stride));
        }
    }

    private static Vector256<float> Load(float* pixel, int channel) => Vector256.Load(pixel + channel);
}
