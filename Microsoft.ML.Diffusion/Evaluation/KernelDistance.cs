using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The unbiased estimate of the squared maximum mean discrepancy with the kernel k(x, y) = (x.y / D + 1)^3 (Binkowski et al. 2018, eq. 4), and of its
/// variance, in one pass over the pairs.
/// </summary>
/// <remarks>
/// The estimate is a U-statistic. For sets of one distribution it is degenerate: the parts of its variance that fall as 1 / n vanish, and what is left falls as
/// 1 / n^2. The spread over subsets of the rows tells only the former (halves report three times the latter), so the variance comes from its formula.
/// </remarks>
internal static class KernelDistance
{
    /// <summary>The estimate and its standard error.</summary>
    /// <param name="x">[m][D], m at least 4.</param>
    /// <param name="y">[n][D], n at least 4.</param>
    public static (double Value, double StandardError) Of(IReadOnlyList<float[]> x, IReadOnlyList<float[]> y)
    {
        var centres = TensorPrimitives.Dot<double>(FeatureRows.Mean(x), FeatureRows.Mean(y));
        var shift = Kernel(centres, x[0].Length); // a constant cancels in the estimate, and would cost digits
        var (ofX, ofY, between) =
            (Pairs(x, x, shift, isWithin: true), Pairs(y, y, shift, isWithin: true), Pairs(x, y, shift, isWithin: false));
        var (m, n) = ((double)x.Count, (double)y.Count);
        var value = (ofX.Sum / (m * (m - 1))) + (ofY.Sum / (n * (n - 1))) - (2 * between.Sum / (m * n));
        var (first, second) = KernelVariance.Of(ofX, ofY, between);

        // For sets of one distribution the first part is 0, and its unbiased estimate as often far below as above. Cut off at half of the second
        // part, the square root is right on average; cut off at 0, it would be up to a third too large.
        return (value, Math.Sqrt(Math.Max(0, Math.Max(first + second, second / 2))));
    }

    // What the pairs of two sets add up to; within one set without those of a row and itself.
    private static KernelSums Pairs(IReadOnlyList<float[]> x, IReadOnlyList<float[]> y, double shift, bool isWithin)
    {
        var (features, parts) = (x[0].Length, RowTiles.Parts(x.Count));
        var (ofRows, squares) = (new double[x.Count], new double[parts]);
        double[][] ofColumns = [.. Enumerable.Range(0, parts).Select(_ => new double[y.Count])];
        RowTiles.ForEach(x.Count, FeatureRows.Of(x), y.Count, FeatureRows.Of(y), features, AddTile, isWithin);

        var columns = new double[y.Count];
        Array.ForEach(ofColumns, part => TensorPrimitives.Add(part, columns, columns)); // in one order
        if (isWithin)
        {
            TensorPrimitives.Add(columns, ofRows, ofRows);
        }

        return new KernelSums(ofRows, isWithin ? ofRows : columns, squares.Sum());

        void AddTile(ProductTile tile)
        {
            var isMirrored = isWithin && tile.FirstColumn > tile.FirstRow; // by a tile that is left out
            var columnSums = isWithin && !isMirrored ? [] : ofColumns[tile.Part].AsSpan(tile.FirstColumn, tile.Columns);
            for (var i = 0; i < tile.Rows; i++)
            {
                var row = tile[i];
                for (var j = 0; j < row.Length; j++)
                {
                    row[j] = Kernel(row[j], features) - shift;
                }

                if (isWithin && !isMirrored)
                {
                    row[i] = 0;
                }

                ofRows[tile.FirstRow + i] += TensorPrimitives.Sum<double>(row);
                squares[tile.Part] += TensorPrimitives.SumOfSquares<double>(row) * (isMirrored ? 2 : 1);
                if (!columnSums.IsEmpty)
                {
                    TensorPrimitives.Add(row, columnSums, columnSums);
                }
            }
        }
    }

    private static double Kernel(double product, int features)
    {
        var value = (product / features) + 1;
        return value * value * value;
    }
}

/// <summary>Sums of the kernel over pairs.</summary>
/// <param name="OfRows">For each element of the first set, over those of the second.</param>
/// <param name="OfColumns">For each element of the second set, over those of the first.</param>
/// <param name="Squares">The sum of the squared kernel, over all pairs.</param>
internal sealed record KernelSums(double[] OfRows, double[] OfColumns, double Squares)
{
    /// <summary>Gets the sum over all pairs.</summary>
    public double Sum => OfRows.Sum();
}
