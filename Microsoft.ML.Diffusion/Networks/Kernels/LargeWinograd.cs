using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>
/// The transforms of F(4x4, 3x3) (Lavin and Gray 2016, section 4.2): as <see cref="Winograd"/>'s, with 36 multiplications for 4x4 outputs where the
/// definition takes 144.
/// </summary>
/// <remarks>
/// The polynomials meet at 0, +-sqrt(1/2), +-sqrt(2) and infinity: pairs whose product is 1 lose less to rounding than the usual 0, +-1, +-2, some three times what F(2x2, 3x3)
/// loses instead of six to ten. Each method takes and gives sixteen channels at a time. A transformed tile is 36 vectors, at distances of <c>stride</c> floats.
/// </remarks>
internal static unsafe class LargeWinograd
{
    /// <summary>Numbers of a transformed tile.</summary>
    public const int Points = 36;

    /// <summary>Channels that are computed at once: numbers of channels are multiples of it.</summary>
    public const int Lanes = 16;

    /// <summary>Rows and columns of a transformed tile.</summary>
    public const int Side = 6;

    /// <summary>sqrt(1/2).</summary>
    public const float Small = 0.70710678f;

    /// <summary>sqrt(2).</summary>
    public const float Large = 1.41421356f;

    /// <summary>V = B^T d B for a 6x6 tile of the input.</summary>
    /// <param name="pixels">Where the 36 pixels begin, row by row.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="v">V, [36][channels].</param>
    /// <param name="stride">Floats between two points of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** pixels, int channels, float* v, int stride)
    {
        var columns = stackalloc Vector512<float>[Points];
        for (var c = 0; c < channels; c += Lanes)
        {
            for (var j = 0; j < Side; j++)
            {
                Forward(
                    Vector512.Load(pixels[j] + c),
                    Vector512.Load(pixels[6 + j] + c),
                    Vector512.Load(pixels[12 + j] + c),
                    Vector512.Load(pixels[18 + j] + c),
                    Vector512.Load(pixels[24 + j] + c),
                    Vector512.Load(pixels[30 + j] + c),
                    (float*)(columns + j),
                    Side * Lanes);
            }

            for (var i = 0; i < Side; i++)
            {
                var row = columns + (Side * i);
                Forward(row[0], row[1], row[2], row[3], row[4], row[5], v + c + (Side * i * stride), stride);
            }
        }
    }

    /// <summary>Y = A^T M A + bias: 4x4 outputs from a transformed tile.</summary>
    /// <param name="m">M, [36][channels].</param>
    /// <param name="stride">Floats between two points of M.</param>
    /// <param name="bias">[channels].</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="pixels">Where the 16 pixels begin, row by row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* m, int stride, float* bias, int channels, float** pixels)
    {
        var rows = stackalloc Vector512<float>[4 * Side];
        for (var c = 0; c < channels; c += Lanes)
        {
            for (var j = 0; j < Side; j++)
            {
                var column = m + c + (j * stride);
                Back(column, Side * stride, Vector512<float>.Zero, out rows[j], out rows[6 + j], out rows[12 + j], out rows[18 + j]);
            }

            var b = Vector512.Load(bias + c);
            for (var i = 0; i < 4; i++)
            {
                Back((float*)(rows + (Side * i)), Lanes, b, out var y0, out var y1, out var y2, out var y3);
                y0.Store(pixels[4 * i] + c);
                y1.Store(pixels[(4 * i) + 1] + c);
                y2.Store(pixels[(4 * i) + 2] + c);
                y3.Store(pixels[(4 * i) + 3] + c);
            }
        }
    }

    /// <summary>dM = A dY A^T: what <see cref="Output"/> does to gradients on their way back.</summary>
    /// <param name="pixels">Where the 16 pixels of dY begin, row by row.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="dm">dM, [36][channels].</param>
    /// <param name="stride">Floats between two points of dM.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputGradient(float** pixels, int channels, float* dm, int stride)
    {
        var columns = stackalloc Vector512<float>[4 * Side];
        for (var c = 0; c < channels; c += Lanes)
        {
            for (var j = 0; j < 4; j++)
            {
                Spread(
                    Vector512.Load(pixels[j] + c),
                    Vector512.Load(pixels[4 + j] + c),
                    Vector512.Load(pixels[8 + j] + c),
                    Vector512.Load(pixels[12 + j] + c),
                    (float*)(columns + j),
                    4 * Lanes);
            }

            for (var i = 0; i < Side; i++)
            {
                var row = columns + (4 * i);
                Spread(row[0], row[1], row[2], row[3], dm + c + (Side * i * stride), stride);
            }
        }
    }

    // B^T of six numbers: the polynomials that vanish at all points but one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Forward(
        Vector512<float> d0,
        Vector512<float> d1,
        Vector512<float> d2,
        Vector512<float> d3,
        Vector512<float> d4,
        Vector512<float> d5,
        float* v,
        int stride)
    {
        Vector512<float> sum = Vector512.Create(-2.5f), two = Vector512.Create(-2f), half = Vector512.Create(-0.5f);
        Vector512<float> even = Add(two, d2, d4), odd = Add(two, d1, d3), even2 = Add(half, d2, d4), odd2 = Add(half, d1, d3);
        Add(sum, d2, d0 + d4).Store(v);
        Add(Vector512.Create(Small), odd, even).Store(v + stride);
        Add(Vector512.Create(-Small), odd, even).Store(v + (2 * stride));
        Add(Vector512.Create(Large), odd2, even2).Store(v + (3 * stride));
        Add(Vector512.Create(-Large), odd2, even2).Store(v + (4 * stride));
        Add(sum, d3, d1 + d5).Store(v + (5 * stride));
    }

    // A^T of six numbers: the powers of the points.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Back(
        float* m,
        int stride,
        Vector512<float> bias,
        out Vector512<float> y0,
        out Vector512<float> y1,
        out Vector512<float> y2,
        out Vector512<float> y3)
    {
        Vector512<float> m1 = Vector512.Load(m + stride), m2 = Vector512.Load(m + (2 * stride));
        Vector512<float> m3 = Vector512.Load(m + (3 * stride)), m4 = Vector512.Load(m + (4 * stride));
        Vector512<float> sum = m1 + m2, difference = m1 - m2, sum2 = m3 + m4, difference2 = m3 - m4;
        y0 = Vector512.Load(m) + bias + (sum + sum2);
        y1 = Add(Vector512.Create(Small), difference, Add(Vector512.Create(Large), difference2, bias));
        y2 = Add(Vector512.Create(0.5f), sum, Add(Vector512.Create(2f), sum2, bias));
        y3 = Add(
            Vector512.Create(Small / 2),
            difference,
            Add(Vector512.Create(2 * Large), difference2, Vector512.Load(m + (5 * stride)) + bias));
    }

    // A of four numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(
        Vector512<float> d0,
        Vector512<float> d1,
        Vector512<float> d2,
        Vector512<float> d3,
        float* m,
        int stride)
    {
        Vector512<float> half = Vector512.Create(0.5f), two = Vector512.Create(2f);
        Vector512<float> even = Add(half, d2, d0), odd = Add(half, d3, d1), even2 = Add(two, d2, d0), odd2 = Add(two, d3, d1);
        d0.Store(m);
        Add(Vector512.Create(Small), odd, even).Store(m + stride);
        Add(Vector512.Create(-Small), odd, even).Store(m + (2 * stride));
        Add(Vector512.Create(Large), odd2, even2).Store(m + (3 * stride));
        Add(Vector512.Create(-Large), odd2, even2).Store(m + (4 * stride));
        d3.Store(m + (5 * stride));
    }

    // factor * x + y.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<float> factor, Vector512<float> x, Vector512<float> y) =>
        Vector512.MultiplyAddEstimate(factor, x, y);
}
