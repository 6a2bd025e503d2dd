using System.Buffers;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Rows in the order in which their products with others are computed: some of them side by side, number after number.</summary>
/// <param name="capacity">How many rows there is room for; a multiple of <paramref name="width"/>.</param>
/// <param name="length">The numbers of a row.</param>
/// <param name="width">How many rows lie side by side: <see cref="Left"/> or <see cref="Right"/>.</param>
internal sealed class PackedRows(int capacity, int length, int width) : IDisposable
{
    /// <summary>The width of rows on the left of a product.</summary>
    public const int Left = 4;

    /// <summary>The width of rows on the right: with those on the left, as many sums as processors with AVX2 have registers for.</summary>
    public const int Right = 12;

    private const int PartLength = 256; // of a panel of each side, whose parts stay in a cache of 32 KiB together

    private readonly double[] _values = ArrayPool<double>.Shared.Rent(capacity * length);

    /// <summary>Sets a row.</summary>
    public void Set(int row, ReadOnlySpan<double> values)
    {
        var first = (row / width * width * length) + (row % width);
        for (var i = 0; i < values.Length; i++)
        {
            _values[first + (i * width)] = values[i];
        }
    }

    /// <summary>The products of each row with each of others. Each is summed in one order, whichever of the two is on the left.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="others">Rows on the right.</param>
    /// <param name="columns">How many of the others.</param>
    /// <param name="products">[rows, stride]; written in whole panels, so beyond these rows and columns, too.</param>
    /// <param name="stride">From a row of the products to the next.</param>
    public unsafe void Multiply(int rows, PackedRows others, int columns, Span<double> products, int stride)
    {
        fixed (double* a = _values, b = others._values, c = products)
        {
            for (var part = 0; part < length; part += PartLength)
            {
                var count = Math.Min(PartLength, length - part);
                for (var column = 0; column < columns; column += Right)
                {
                    for (var row = 0; row < rows; row += Left)
                    {
                        Panel(
                            a + (row * length) + (part * Left),
                            b + (column * length) + (part * Right),
                            count,
                            c + (row * stride) + column,
                            stride,
                            isFirst: part == 0);
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<double>.Shared.Return(_values);

    // 4 rows times 12.
    private static unsafe void Panel(double* a, double* b, int count, double* c, int stride, bool isFirst)
    {
        Vector256<double> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        Vector256<double> c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        for (var i = 0; i < count; i++, a += Left, b += Right)
        {
            var (b0, b1, b2) = (Vector256.Load(b), Vector256.Load(b + 4), Vector256.Load(b + 8));
            var row = Vector256.Create(a[0]);
            c00 = Vector256.MultiplyAddEstimate(row, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(row, b1, c01);
            c02 = Vector256.MultiplyAddEstimate(row, b2, c02);
            row = Vector256.Create(a[1]);
            c10 = Vector256.MultiplyAddEstimate(row, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(row, b1, c11);
            c12 = Vector256.MultiplyAddEstimate(row, b2, c12);
            row = Vector256.Create(a[2]);
            c20 = Vector256.MultiplyAddEstimate(row, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(row, b1, c21);
            c22 = Vector256.MultiplyAddEstimate(row, b2, c22);
            row = Vector256.Create(a[3]);
            c30 = Vector256.MultiplyAddEstimate(row, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(row, b1, c31);
            c32 = Vector256.MultiplyAddEstimate(row, b2, c32);
        }

        Store(c00, c01, c02, c, isFirst);
        Store(c10, c11, c12, c + stride, isFirst);
        Store(c20, c21, c22, c + (2 * stride), isFirst);
        Store(c30, c31, c32, c + (3 * stride), isFirst);
    }

    private static unsafe void Store(Vector256<double> c0, Vector256<double> c1, Vector256<double> c2, double* c, bool isFirst)
    {
        if (!isFirst)
        {
            (c0, c1, c2) = (c0 + Vector256.Load(c), c1 + Vector256.Load(c + 4), c2 + Vector256.Load(c + 8));
        }

        c0.Store(c);
        c1.Store(c + 4);
        c2.Store(c + 8);
    }
}
