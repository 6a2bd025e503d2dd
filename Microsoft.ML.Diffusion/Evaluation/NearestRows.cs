namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The training row nearest to each of some rows, and how near it is beside the next ones: the distance of Carlini et al. 2023, which a plain
/// image, near to everything, does not make small. Yoon et al. 2023 compare with the second alone, which a training image that is there twice spoils.
/// </summary>
internal static class NearestRows
{
    /// <summary>Finds them.</summary>
    /// <param name="rows">[m][D].</param>
    /// <param name="training">[n][D], no two of them equal.</param>
    /// <param name="neighbours">k, at least 1 and less than n, or n - 1 where rows are left out.</param>
    /// <param name="own">The training row that each row is, which it must not find; <see langword="null"/> if they are others.</param>
    /// <returns>For each row; <see cref="TrainingMatch.TrainingRow"/> counts <paramref name="training"/>.</returns>
    public static TrainingMatch[] Find(IReadOnlyList<float[]> rows, IReadOnlyList<float[]> training, int neighbours, int[]? own = null)
    {
        var nearest = new int[rows.Count];
        double[][] smallest = [.. rows.Select(_ => NewList(neighbours + 1))];
        RowDistances.ForEach(rows, training, training[0], tile =>
        {
            for (var i = 0; i < tile.Rows; i++)
            {
                var row = tile.FirstRow + i;
                var distances = tile[i];
                var ofRow = smallest[row];
                if (own is not null && own[row] - tile.FirstColumn is var itself and >= 0 && itself < distances.Length)
                {
                    distances[itself] = double.PositiveInfinity;
                }

                for (var j = 0; j < distances.Length; j++)
                {
                    if (distances[j] < ofRow[^1])
                    {
                        nearest[row] = distances[j] < ofRow[0] ? tile.FirstColumn + j : nearest[row];
                        RowDistances.Insert(ofRow, distances[j]);
                    }
                }
            }
        });
        return [.. smallest.Select((squares, row) => Match(row, nearest[row], squares))];
    }

    private static double[] NewList(int length)
    {
        var list = new double[length];
        Array.Fill(list, double.PositiveInfinity);
        return list;
    }

    private static TrainingMatch Match(int row, int nearest, double[] squares)
    {
        var (distance, others) = (Math.Sqrt(squares[0]), squares.Skip(1).Average(Math.Sqrt));
        return new(row, nearest, distance, others > 0 ? distance / others : 0); // all at 0 to rounding: then so is the nearest
    }
}
