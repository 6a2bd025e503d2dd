using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>The Frechet distance of two normal distributions (Dowson and Landau 1982): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)).</summary>
internal static class FrechetDistance
{
    /// <summary>The squared distance, as is usual.</summary>
    /// <param name="mean1">[D].</param>
    /// <param name="covariance1">[D, D], of any rank.</param>
    /// <param name="mean2">As <paramref name="mean1"/>.</param>
    /// <param name="covariance2">As <paramref name="covariance1"/>.</param>
    public static double Between(double[] mean1, double[] covariance1, double[] mean2, double[] covariance2)
    {
        var features = mean1.Length;
        var distance = TensorPrimitives.Distance<double>(mean1, mean2);
        var traces = Trace(covariance1, features) + Trace(covariance2, features);
        var ofRoot = TraceOfRoot(covariance1, covariance2, features);
        return Math.Max(0, (distance * distance) + traces - (2 * ofRoot)); // rounding can dip below 0 for equal sets
    }

    /// <summary>As <see cref="Between(double[], double[], double[], double[])"/>, of what was learned from rows.</summary>
    public static double Between(FeatureMoments first, FeatureMoments second) =>
        Between(first.Mean, first.Covariance(), second.Mean, second.Covariance());

    // With S = F F^T the trace of the root is the sum of the singular values of F1^T F2, which are exact to rounding where the roots of
    // eigenvalues of S1 S2 that should be 0 are not.
    private static double TraceOfRoot(double[] covariance1, double[] covariance2, int features)
    {
        List<double[]> factor1 = [], factor2 = [];
        Parallel.Invoke(
            () => factor1 = CovarianceFactor.Of(covariance1, features),
            () => factor2 = CovarianceFactor.Of(covariance2, features));
        var (more, fewer) = factor1.Count >= factor2.Count ? (factor1, factor2) : (factor2, factor1);
        if (fewer.Count == 0)
        {
            return 0;
        }

        var product = new double[more.Count][];
        RowTiles.ForEach(more.Count, Rows(more), fewer.Count, Rows(fewer), features, tile =>
        {
            for (var i = 0; i < tile.Rows; i++)
            {
                tile[i].CopyTo((product[tile.FirstRow + i] ??= new double[fewer.Count]).AsSpan(tile.FirstColumn));
            }
        });
        return SingularValues.Of(product).Sum();
    }

    private static RowSource Rows(List<double[]> rows) => (row, values) => rows[row].CopyTo(values);

    private static double Trace(double[] matrix, int size) => Enumerable.Range(0, size).Sum(i => matrix[(i * size) + i]);
}
