using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>F with F F^T = S for a covariance S of any rank, by Cholesky's decomposition with the largest pivot first (Higham 1990).</summary>
/// <remarks>It leaves out what rounding alone tells from 0, and so has as many columns as S has rank.</remarks>
internal static class CovarianceFactor
{
    private const double RoundingUnit = 2.220446049250313e-16; // 2^-52

    /// <summary>The columns of F.</summary>
    /// <param name="covariance">[D, D], symmetric and positive semidefinite.</param>
    /// <param name="features">D.</param>
    /// <returns>As many as the rank, each of D numbers.</returns>
    public static List<double[]> Of(double[] covariance, int features)
    {
        List<double[]> columns = [];
        List<int> pivots = [];
        double[] diagonal = [.. Enumerable.Range(0, features).Select(i => covariance[(i * features) + i])];
        var threshold = features * RoundingUnit * LargestRow(covariance, features);
        while (pivots.Count < features)
        {
            var pivot = TensorPrimitives.IndexOfMax(diagonal);
            if (!(diagonal[pivot] > threshold))
            {
                break;
            }

            var column = covariance.AsSpan(pivot * features, features).ToArray();
            foreach (var other in columns)
            {
                TensorPrimitives.MultiplyAdd(other, -other[pivot], column, column);
            }

            TensorPrimitives.Divide(column, Math.Sqrt(diagonal[pivot]), column);
            column[pivot] = Math.Sqrt(diagonal[pivot]);
            pivots.ForEach(done => column[done] = 0);
            for (var i = 0; i < features; i++)
            {
                diagonal[i] -= column[i] * column[i];
            }

            columns.Add(column);
            pivots.Add(pivot);
            diagonal[pivot] = double.NegativeInfinity;
        }

        return columns;
    }

    // The largest sum of magnitudes in a row: at least the largest eigenvalue, and equal to it where the features are independent.
    private static double LargestRow(double[] covariance, int features) =>
        Enumerable.Range(0, features).Max(i => TensorPrimitives.SumOfMagnitudes<double>(covariance.AsSpan(i * features, features)));
}
