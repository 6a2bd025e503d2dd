namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Rows of features, kept in single and computed with in double.</summary>
internal static class FeatureRows
{
    /// <summary>The rows as they are.</summary>
    public static RowSource Of(IReadOnlyList<float[]> rows) => (row, values) =>
    {
        var features = rows[row];
        for (var i = 0; i < features.Length; i++)
        {
            values[i] = features[i];
        }
    };

    /// <summary>The rows seen from another.</summary>
    public static RowSource From(float[] origin, IReadOnlyList<float[]> rows) => (row, values) =>
    {
        var features = rows[row];
        for (var i = 0; i < features.Length; i++)
        {
            values[i] = (double)features[i] - origin[i];
        }
    };

    /// <summary>The mean, [D].</summary>
    public static double[] Mean(IReadOnlyList<float[]> rows)
    {
        var mean = new double[rows[0].Length];
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                mean[i] += row[i];
            }
        }

        return Array.ConvertAll(mean, sum => sum / rows.Count);
    }
}
