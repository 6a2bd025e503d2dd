using System.Buffers;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Copies a row to where it is asked for.</summary>
internal delegate void RowSource(int row, Span<double> values);

/// <summary>Looks at a tile.</summary>
internal delegate void TileVisitor(ProductTile tile);

/// <summary>Products of some rows of a set with some rows of another.</summary>
/// <param name="part">The part that the rows belong to.</param>
/// <param name="firstRow">The first row's number in its set.</param>
/// <param name="rows">The number of rows.</param>
/// <param name="firstColumn">The number of the other set's first row.</param>
/// <param name="columns">The number of the other set's rows.</param>
/// <param name="products">[rows, <see cref="RowTiles.Size"/>], of which the first columns count.</param>
internal readonly ref struct ProductTile(int part, int firstRow, int rows, int firstColumn, int columns, Span<double> products)
{
    private readonly Span<double> _products = products;

    public int Part { get; } = part;
    public int FirstRow { get; } = firstRow;
    public int Rows { get; } = rows;
    public int FirstColumn { get; } = firstColumn;
    public int Columns { get; } = columns;

    /// <summary>The products of a row, counted from the tile's first.</summary>
    public Span<double> this[int row] => _products.Slice(row * RowTiles.Size, Columns);
}

/// <summary>The products of all rows of a set with all rows of another, in tiles that fit a cache, shared out between the cores.</summary>
internal static class RowTiles
{
    /// <summary>The most rows and columns of a tile; of whole panels of <see cref="PackedRows"/>.</summary>
    public const int Size = 240;

    // Enough to share out, few enough that each may keep a number for every column.
    private const int MaximumParts = 64;

    /// <summary>The parts into which the rows are cut.</summary>
    public static int Parts(int rows) => Math.Min(MaximumParts, Blocks(rows));

    /// <summary>Visits all tiles, those of a part one after another on one thread and in the order of rows, then columns.</summary>
    /// <param name="rows">How many rows the first set has.</param>
    /// <param name="left">Its rows.</param>
    /// <param name="columns">How many rows the second set has.</param>
    /// <param name="right">Its rows.</param>
    /// <param name="length">The numbers of a row.</param>
    /// <param name="visit">Called for each tile.</param>
    /// <param name="isWithin">Whether both are one set, of which tiles below the diagonal, which mirror those above, are left out.</param>
    public static void ForEach(int rows, RowSource left, int columns, RowSource right, int length, TileVisitor visit, bool isWithin = false)
    {
        var (blocks, parts) = (Blocks(rows), Parts(rows));
        Parallel.For(0, parts, () => new Scratch(length), (part, _, scratch) =>
        {
            for (var block = (int)((long)blocks * part / parts); block < (int)((long)blocks * (part + 1) / parts); block++)
            {
                var firstRow = block * Size;
                var count = scratch.Left.Fill(left, firstRow, rows, scratch.Row);
                for (var firstColumn = isWithin ? firstRow : 0; firstColumn < columns; firstColumn += Size)
                {
                    var width = scratch.Right.Fill(right, firstColumn, columns, scratch.Row);
                    scratch.Left.Multiply(count, scratch.Right, width, scratch.Products, Size);
                    visit(new ProductTile(part, firstRow, count, firstColumn, width, scratch.Products));
                }
            }

            return scratch;
        }, scratch => scratch.Dispose());
    }

    private static int Blocks(int rows) => (rows + Size - 1) / Size;

    private static int Fill(this PackedRows packed, RowSource source, int first, int end, double[] row)
    {
        var count = Math.Min(Size, end - first);
        for (var i = 0; i < count; i++)
        {
            source(first + i, row);
            packed.Set(i, row);
        }

        return count;
    }

    // What a thread works on.
    private sealed class Scratch(int length) : IDisposable
    {
        public double[] Row { get; } = new double[length];

        public PackedRows Left { get; } = new(Size, length, PackedRows.Left);

        public PackedRows Right { get; } = new(Size, length, PackedRows.Right);

        public double[] Products { get; } = ArrayPool<double>.Shared.Rent(Size * Size);

        public void Dispose()
        {
            Left.Dispose();
            Right.Dispose();
            ArrayPool<double>.Shared.Return(Products);
        }
    }
}
