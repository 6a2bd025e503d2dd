using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The part of feature space that a set covers: balls around its rows, each as large as the distance to the row's k-th neighbour (Kynkaanniemi et al. 2019).
/// </summary>
internal static class Manifold
{
    private const double RoundingOfDistances = 1e-13;

    /// <summary>The share of each set that lies in the manifold of the other (eq. 1 and 2).</summary>
    /// <param name="real">[m][D], with more than k rows.</param>
    /// <param name="generated">[n][D], with more than k rows.</param>
    /// <param name="neighbours">k.</param>
    public static (double Precision, double Recall) PrecisionAndRecall(
        IReadOnlyList<float[]> real,
        IReadOnlyList<float[]> generated,
        int neighbours)
    {
        var origin = real[0]; // distances do not care, and rounding is smaller near the data
        var (realRadii, generatedRadii) = (Radii(real, origin, neighbours), Radii(generated, origin, neighbours));
        var (isRealWithin, isGeneratedWithin) = (new bool[real.Count], new bool[generated.Count]);
        ForEachDistance(real, generated, origin, tile =>
        {
            for (var i = 0; i < tile.Rows; i++)
            {
                var distances = tile[i];
                var (row, radius) = (tile.FirstRow + i, realRadii[tile.FirstRow + i]);
                for (var j = 0; j < distances.Length; j++)
                {
                    if (distances[j] <= radius)
                    {
                        isGeneratedWithin[tile.FirstColumn + j] = true; // of several threads, which all say the same
                    }

                    isRealWithin[row] |= distances[j] <= generatedRadii[tile.FirstColumn + j];
                }
            }
        });
        return (isGeneratedWithin.Average(isWithin => isWithin ? 1.0 : 0), isRealWithin.Average(isWithin => isWithin ? 1.0 : 0));
    }

    // The squared distance of each row to its k-th neighbour.
    private static double[] Radii(IReadOnlyList<float[]> rows, float[] origin, int neighbours)
    {
        var radii = new double[rows.Count];
        using var nearest =
            new ThreadLocal<double[][]>(() => [.. Enumerable.Range(0, RowTiles.Size).Select(_ => new double[neighbours + 1])]);
        ForEachDistance(rows, rows, origin, tile =>
        {
            // The row itself is its nearest, at 0.
            var ofTile = nearest.Value!;
            for (var i = 0; i < tile.Rows; i++)
            {
                if (tile.FirstColumn == 0)
                {
                    Array.Fill(ofTile[i], double.PositiveInfinity);
                }

                foreach (var distance in tile[i])
                {
                    if (distance < ofTile[i][^1])
                    {
                        Insert(ofTile[i], distance);
                    }
                }

                radii[tile.FirstRow + i] = ofTile[i][^1];
            }
        });
        return radii;
    }

    // Keeps the smallest numbers, in order.
    private static void Insert(double[] smallest, double value)
    {
        var place = Array.BinarySearch(smallest, value);
        place = place < 0 ? ~place : place;
        Array.Copy(smallest, place, smallest, place + 1, smallest.Length - 1 - place);
        smallest[place] = value;
    }

    // Visits the squared distances instead of the products.
    private static void ForEachDistance(IReadOnlyList<float[]> rows, IReadOnlyList<float[]> others, float[] origin, TileVisitor visit)
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
