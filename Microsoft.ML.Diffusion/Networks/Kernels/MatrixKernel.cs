using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>Products of small matrices in registers: what everything else in this folder is built on.</summary>
internal static unsafe class MatrixKernel
{
    /// <summary>Rows that are computed at once: numbers of rows are multiples of it.</summary>
    public const int Rows = 8;

    /// <summary>What numbers of columns are multiples of.</summary>
    public const int Columns = 8;

    private const int WideColumns = 16;

    /// <summary>C = A B, or C += A B, of <paramref name="rows"/> x <paramref name="columns"/>.</summary>
    /// <param name="a">A; its element (i, k) is at i <paramref name="rowStride"/> + k <paramref name="depthStride"/>.</param>
    /// <param name="rowStride">Floats between two rows of A.</param>
    /// <param name="depthStride">Floats between two columns of A.</param>
    /// <param name="b">B, row by row.</param>
    /// <param name="c">C, row by row.</param>
    /// <param name="rows">A multiple of <see cref="Rows"/>.</param>
    /// <param name="columns">A multiple of <see cref="Columns"/>, and what is between two rows of B and of C.</param>
    /// <param name="depth">Columns of A and rows of B.</param>
    /// <param name="adds">Whether to add to C.</param>
    public static void Multiply(
        float* a,
        int rowStride,
        int depthStride,
        float* b,
        float* c,
        int rows,
        int columns,
        int depth,
        bool adds) =>
        Multiply(a, rowStride, depthStride, b, c, rows, columns, depth, adds, Vector512.IsHardwareAccelerated);

    /// <summary>The same with vectors of 512 bits, or of 256.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(
        float* a,
        int rowStride,
        int depthStride,
        float* b,
        float* c,
        int rows,
        int columns,
        int depth,
        bool adds,
        bool wide)
    {
        for (var column = 0; column < columns; column += WideColumns)
        {
            for (var row = 0; row < rows; row += Rows)
            {
                var left = a + (row * rowStride);
                var result = c + (row * columns) + column;
                if (column + WideColumns > columns)
                {
                    EightColumns(left, rowStride, depthStride, b + column, result, columns, depth, adds);
                }
                else if (wide)
                {
                    EightRows(left, rowStride, depthStride, b + column, result, columns, depth, adds);
                }
                else
                {
                    FourRows(left, rowStride, depthStride, b + column, result, columns, depth, adds);
                    FourRows(left + (4 * rowStride), rowStride, depthStride, b + column, result + (4 * columns), columns, depth, adds);
                }
            }
        }
    }

    /// <summary>The least number of rows that is at least as many, and can be computed.</summary>
    public static int RoundedRows(int rows) => (rows + Rows - 1) / Rows * Rows;

    /// <summary>The least number of columns that is at least as many, and can be computed.</summary>
    public static int RoundedColumns(int columns) => (columns + Columns - 1) / Columns * Columns;

    // Eight accumulators of 16 lanes, which hide the latency of a multiplication.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRows(float* a, int rowStride, int depthStride, float* b, float* c, int columns, int depth, bool adds)
    {
        var (c0, c1, c2, c3) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var (c4, c5, c6, c7) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        if (adds)
        {
            c0 = Vector512.Load(c);
            c1 = Vector512.Load(c + columns);
            c2 = Vector512.Load(c + (2 * columns));
            c3 = Vector512.Load(c + (3 * columns));
            c4 = Vector512.Load(c + (4 * columns));
            c5 = Vector512.Load(c + (5 * columns));
            c6 = Vector512.Load(c + (6 * columns));
            c7 = Vector512.Load(c + (7 * columns));
        }

        float* a3 = a + (3 * rowStride), a6 = a + (6 * rowStride);
        for (var k = 0; k < depth; k++)
        {
            var row = Vector512.Load(b);
            c0 = Vector512.MultiplyAddEstimate(Vector512.Create(*a), row, c0);
            c1 = Vector512.MultiplyAddEstimate(Vector512.Create(a[rowStride]), row, c1);
            c2 = Vector512.MultiplyAddEstimate(Vector512.Create(a[2 * rowStride]), row, c2);
            c3 = Vector512.MultiplyAddEstimate(Vector512.Create(*a3), row, c3);
            c4 = Vector512.MultiplyAddEstimate(Vector512.Create(a3[rowStride]), row, c4);
            c5 = Vector512.MultiplyAddEstimate(Vector512.Create(a3[2 * rowStride]), row, c5);
            c6 = Vector512.MultiplyAddEstimate(Vector512.Create(*a6), row, c6);
            c7 = Vector512.MultiplyAddEstimate(Vector512.Create(a6[rowStride]), row, c7);
            a += depthStride;
            a3 += depthStride;
            a6 += depthStride;
            b += columns;
        }

        c0.Store(c);
        c1.Store(c + columns);
        c2.Store(c + (2 * columns));
        c3.Store(c + (3 * columns));
        c4.Store(c + (4 * columns));
        c5.Store(c + (5 * columns));
        c6.Store(c + (6 * columns));
        c7.Store(c + (7 * columns));
    }

    // The same for half the rows, by eight accumulators of 8 lanes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows(float* a, int rowStride, int depthStride, float* b, float* c, int columns, int depth, bool adds)
    {
        var (c0, c1, c2, c3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
        var (d0, d1, d2, d3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
        if (adds)
        {
            (c0, d0) = (Vector256.Load(c), Vector256.Load(c + 8));
            (c1, d1) = (Vector256.Load(c + columns), Vector256.Load(c + columns + 8));
            (c2, d2) = (Vector256.Load(c + (2 * columns)), Vector256.Load(c + (2 * columns) + 8));
            (c3, d3) = (Vector256.Load(c + (3 * columns)), Vector256.Load(c + (3 * columns) + 8));
        }

        for (var k = 0; k < depth; k++)
        {
            var (left, right) = (Vector256.Load(b), Vector256.Load(b + 8));
            var factor = Vector256.Create(*a);
            c0 = Vector256.MultiplyAddEstimate(factor, left, c0);
            d0 = Vector256.MultiplyAddEstimate(factor, right, d0);
            factor = Vector256.Create(a[rowStride]);
            c1 = Vector256.MultiplyAddEstimate(factor, left, c1);
            d1 = Vector256.MultiplyAddEstimate(factor, right, d1);
            factor = Vector256.Create(a[2 * rowStride]);
            c2 = Vector256.MultiplyAddEstimate(factor, left, c2);
            d2 = Vector256.MultiplyAddEstimate(factor, right, d2);
            factor = Vector256.Create(a[3 * rowStride]);
            c3 = Vector256.MultiplyAddEstimate(factor, left, c3);
            d3 = Vector256.MultiplyAddEstimate(factor, right, d3);
            a += depthStride;
            b += columns;
        }

        c0.Store(c);
        d0.Store(c + 8);
        c1.Store(c + columns);
        d1.Store(c + columns + 8);
        c2.Store(c + (2 * columns));
        d2.Store(c + (2 * columns) + 8);
        c3.Store(c + (3 * columns));
        d3.Store(c + (3 * columns) + 8);
    }

    // Eight rows of the last eight columns, by eight accumulators of 8 lanes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightColumns(float* a, int rowStride, int depthStride, float* b, float* c, int columns, int depth, bool adds)
    {
        var (c0, c1, c2, c3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
        var (c4, c5, c6, c7) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
        if (adds)
        {
            c0 = Vector256.Load(c);
            c1 = Vector256.Load(c + columns);
            c2 = Vector256.Load(c + (2 * columns));
            c3 = Vector256.Load(c + (3 * columns));
            c4 = Vector256.Load(c + (4 * columns));
            c5 = Vector256.Load(c + (5 * columns));
            c6 = Vector256.Load(c + (6 * columns));
            c7 = Vector256.Load(c + (7 * columns));
        }

        float* a3 = a + (3 * rowStride), a6 = a + (6 * rowStride);
        for (var k = 0; k < depth; k++)
        {
            var row = Vector256.Load(b);
            c0 = Vector256.MultiplyAddEstimate(Vector256.Create(*a), row, c0);
            c1 = Vector256.MultiplyAddEstimate(Vector256.Create(a[rowStride]), row, c1);
            c2 = Vector256.MultiplyAddEstimate(Vector256.Create(a[2 * rowStride]), row, c2);
            c3 = Vector256.MultiplyAddEstimate(Vector256.Create(*a3), row, c3);
            c4 = Vector256.MultiplyAddEstimate(Vector256.Create(a3[rowStride]), row, c4);
            c5 = Vector256.MultiplyAddEstimate(Vector256.Create(a3[2 * rowStride]), row, c5);
            c6 = Vector256.MultiplyAddEstimate(Vector256.Create(*a6), row, c6);
            c7 = Vector256.MultiplyAddEstimate(Vector256.Create(a6[rowStride]), row, c7);
            a += depthStride;
            a3 += depthStride;
            a6 += depthStride;
            b += columns;
        }

        c0.Store(c);
        c1.Store(c + columns);
        c2.Store(c + (2 * columns));
        c3.Store(c + (3 * columns));
        c4.Store(c + (4 * columns));
        c5.Store(c + (5 * columns));
        c6.Store(c + (6 * columns));
        c7.Store(c + (7 * columns));
    }
}
