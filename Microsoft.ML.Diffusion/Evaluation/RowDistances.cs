using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Squared distances of all rows of a set to all rows of another, and the smallest of them.</summary>
internal static class RowDistances
{
    private const double RoundingOfDistances = 1e-13;

    /// <summary>Visits the squared distances as <see cref="RowTiles"/> visits products.</summary>
    /// <param name="rows">[m][D].</param>
    /// <param name="others">[n][D].</param>
    /// <param name="origin">A row near the data: distances do not care, and rounding is smaller there.</param>
    /// <param name="visit">Called for each tile.</param>
    public static void ForEach(IReadOnlyList<float[]> rows, IReadOnlyList<float[]> others, float[] origin, TileVisitor visit)
    {
        var (ofRows, ofOthers) = (FeatureRows.From(origin, rows), FeatureRows.From(origin, others));
        var (a, b) = (Squares(ofRows, rows.Count, origin.Length), Squares(ofOthers, others.Count, origin.Length));
        RowTiles.ForEach(rows.Count, ofRows, others.Count, ofOthers, origin.Length, tile =>
        {
            for (var i = 0; i < tile.Rows; i++)
            {
                var values = tile[i];
                var square = a[tile.FirstRow + i];
                for (var j = 0; j < values.Length; j++)
                {
                    var squares = square + b[tile.FirstColumn + j];
                    var distance = squares - (2 * values[j]);
                    values[j] = distance <= squares * RoundingOfDistances ? 0 : distance;
                }
            }

            visit(tile);
        });
    }

    /// <summary>Keeps the smallest numbers, in order.</summary>
    /// <param name="smallest">Those so far, of which the last is larger than <paramref name="value"/>.</param>
    /// <param name="value">A number to add.</param>
    public static void Insert(double[] smallest, double value)
    {
        var place = Array.BinarySearch(smallest, value);
        place = place < 0 ? ~place : place;
        Array.Copy(smallest, place, smallest, place + 1, smallest.Length - 1 - place);
        smallest[place] = value;
    }

    private static double[] Squares(RowSource source, int count, int length)
    {
        var (squares, row) = (new double[count], new double[length]);
        for (var i = 0; i < count; i++)
        {
            source(i, row);
            squares[i] = TensorPrimitives.SumOfSquares<double>(row);
        }

        return squares;
    }
}
