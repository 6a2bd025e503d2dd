namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The variance of a two-sample U-statistic by its decomposition (Hoeffding 1948), each expectation estimated without bias from the pairs, triples and
/// quadruples of different elements that it speaks of.
/// </summary>
internal static class KernelVariance
{
    /// <summary>The parts of the variance of mean k(x, x') + mean k(y, y') - 2 mean k(x, y).</summary>
    /// <param name="ofX">The pairs of the first set.</param>
    /// <param name="ofY">The pairs of the second set.</param>
    /// <param name="between">The pairs of an element of each.</param>
    /// <returns>
    /// What falls as 1 / n, which is 0 for sets of one distribution, and what falls as 1 / n^2. Unbiased, so that an estimate of 0 may come out below.
    /// </returns>
    public static (double First, double Second) Of(KernelSums ofX, KernelSums ofY, KernelSums between)
    {
        var (m, n) = (ofX.OfRows.Length, ofY.OfRows.Length);
        var (x, y) = (Within(ofX), Within(ofY));
        var (alongX, alongY, all) = Between(between, m, n);
        var first = (4.0 / m * (x.OfMeans - (2 * Covariance(ofX, between.OfRows, n)) + alongX))
            + (4.0 / n * (y.OfMeans - (2 * Covariance(ofY, between.OfColumns, m)) + alongY));
        var second =
            (2.0 / m / (m - 1) * (x.All - (2 * x.OfMeans)))
                + (2.0 / n / (n - 1) * (y.All - (2 * y.OfMeans)))
                + (4.0 / m / n * (all - alongX - alongY));
        return (first, second);
    }

    // Var E[k(x, x') | x] and Var k(x, x').
    private static (double OfMeans, double All) Within(KernelSums sums)
    {
        var m = (double)sums.OfRows.Length;
        var rowSquares = sums.OfRows.Sum(row => row * row);
        var squaredMean = ((sums.Sum * sums.Sum) - (4 * rowSquares) + (2 * sums.Squares)) / (m * (m - 1) * (m - 2) * (m - 3));
        return (((rowSquares - sums.Squares) / (m * (m - 1) * (m - 2))) - squaredMean, (sums.Squares / (m * (m - 1))) - squaredMean);
    }

    // Var E[k(x, y) | x], Var E[k(x, y) | y] and Var k(x, y).
    private static (double AlongX, double AlongY, double All) Between(KernelSums sums, double m, double n)
    {
        var (rowSquares, columnSquares) = (sums.OfRows.Sum(row => row * row), sums.OfColumns.Sum(column => column * column));
        var squaredMean = ((sums.Sum * sums.Sum) - rowSquares - columnSquares + sums.Squares) / (m * (m - 1) * n * (n - 1));
        return (
            ((rowSquares - sums.Squares) / (m * n * (n - 1))) - squaredMean,
            ((columnSquares - sums.Squares) / (n * m * (m - 1))) - squaredMean,
            (sums.Squares / (m * n)) - squaredMean);
    }

    // Cov(E[k(x, x') | x], E[k(x, y) | x]).
    private static double Covariance(KernelSums within, double[] between, double n)
    {
        var m = (double)between.Length;
        var products = within.OfRows.Zip(between, (row, other) => row * other).Sum();
        return (products / (m * (m - 1) * n)) - (((within.Sum * between.Sum()) - (2 * products)) / (m * (m - 1) * (m - 2) * n));
    }
}
