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
