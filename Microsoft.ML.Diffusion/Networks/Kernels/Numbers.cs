using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>Rows of numbers, of any length.</summary>
internal static unsafe class Numbers
{
    /// <summary>Adds x to y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* x, float* y, int count) => Sum(x, y, y, count);

    /// <summary>z = x + y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum(float* x, float* y, float* z, int count)
    {
        var i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            (Vector256.Load(x + i) + Vector256.Load(y + i)).Store(z + i);
        }

        for (; i < count; i++)
        {
            z[i] = x[i] + y[i];
        }
    }

    /// <summary>z = x y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Product(float* x, float* y, float* z, int count)
    {
        var i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            (Vector256.Load(x + i) * Vector256.Load(y + i)).Store(z + i);
        }

        for (; i < count; i++)
        {
            z[i] = x[i] * y[i];
        }
    }

    /// <summary>Adds a x to y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float a, float* x, float* y, int count)
    {
        for (var i = 0; i < count; i++)
        {
            y[i] += a * x[i];
        }
    }

    /// <summary>Multiplies x by a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* x, float factor, int count)
    {
        for (var i = 0; i < count; i++)
        {
            x[i] *= factor;
        }
    }

    /// <summary>The sum of rows, in runs of 256: of sums of sums, less is lost to rounding.</summary>
    /// <param name="x">[rows][count].</param>
    /// <param name="count">Numbers of a row.</param>
    /// <param name="rows">Their number.</param>
    /// <param name="sum">[count].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumRows(float* x, int count, int rows, float* sum)
    {
        const int Run = 256;
        var i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var total = Vector256<float>.Zero;
            for (var row = 0; row < rows;)
            {
                var part = Vector256<float>.Zero;
                for (var end = Math.Min(rows, row + Run); row < end; row++)
                {
                    part += Vector256.Load(x + ((long)row * count) + i);
                }

                total += part;
            }

            total.Store(sum + i);
        }

        for (; i < count; i++)
        {
            var total = 0.0;
            for (var row = 0; row < rows; row++)
            {
                total += x[((long)row * count) + i];
            }

            sum[i] = (float)total;
        }
    }

    /// <summary>Copies the first numbers of rows to rows of another length, and zeros behind them if those are longer.</summary>
    public static void CopyRows(float* from, int fromStride, float* to, int toStride, int rows)
    {
        var length = Math.Min(fromStride, toStride);
        for (var row = 0; row < rows; row++, from += fromStride, to += toStride)
        {
            new Span<float>(from, length).CopyTo(new Span<float>(to, toStride));
            new Span<float>(to + length, toStride - length).Clear();
        }
    }
}
