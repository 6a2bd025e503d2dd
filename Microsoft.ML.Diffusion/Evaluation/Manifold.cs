namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The part of feature space that a set covers: balls around its rows, each as large as the distance to the row's k-th neighbour (Kynkaanniemi et al. 2019).
/// </summary>
internal static class Manifold
{
    /// <summary>The share of each set that lies in the manifold of the other (eq. 1 and 2).</summary>
    /// <param name="real">[m][D], with more than k rows.</param>
    /// <param name="generated">[n][D], with more than k rows.</param>
    /// <param name="neighbours">k.</param>
    public static (double Precision, double Recall) PrecisionAndRecall(
        IReadOnlyList<float[]> real,
        IReadOnlyList<float[]> generated,
        int neighbours)
    {
        var origin = real[0];
        var (realRadii, generatedRadii) = (Radii(real, origin, neighbours), Radii(generated, origin, neighbours));
        var (isRealWithin, isGeneratedWithin) = (new bool[real.Count], new bool[generated.Count]);
        RowDistances.ForEach(real, generated, origin, tile =>
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
        RowDistances.ForEach(rows, rows, origin, tile =>
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
                        RowDistances.Insert(ofTile[i], distance);
                    }
                }

                radii[tile.FirstRow + i] = ofTile[i][^1];
            }
        });
        return radii;
    }
}
